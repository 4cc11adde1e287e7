/** The administrative act of one request, as its handler sees it. */
import type { NewAuditEntry } from "../../store/store.js";
import type { ApiDependencies } from "../dependencies.js";

/** The act of one request. */
export interface ActOfRequest {
  /** What the handler works with instead of the API's own. */
  dependencies: ApiDependencies;
  /**
   * Records the outcome. Once the act has begun, this never fails. It is tried again, and at last the act keeper
   * completes it.
   */
  record(entry: NewAuditEntry): Promise<void>;
  /** `work` is called once, before the act is begun. If it throws, then nothing is changed. */
  beforeFirst(work: (write: string, target: string | undefined) => Promise<void>): void;
  /** Completes an act that the handler began and left without an outcome. */
  end(): void;
}
