/** The administrative act of one request, as its handler sees it. */
import type { NewAuditEntry } from "../../store/store.js";
import type { ApiDependencies } from "../dependencies.js";

/** The act of one request. */
export interface ActOfRequest {
  /** What the handler works with instead of the API's own. */
  dependencies: ApiDependencies;
  /**
   * Records the outcome. It never fails once the act has begun: the outcome is tried again, and completed by the clock
   * at last.
   */
  record(entry: NewAuditEntry): Promise<void>;
  /** Called once, before the act is begun; when it throws, nothing is changed. */
  beforeFirst(work: (write: string, target: string | undefined) => Promise<void>): void;
  /** Completes an act that the handler began and left without an outcome. */
  end(): void;
}
