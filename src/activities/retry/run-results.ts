/** The results of one run of retries on their way into the store. */
import type { Logger } from "pino";
import type { Store } from "../../store/store.js";
import type { RetryItem } from "../../workflows/contract.js";
import { currentWorkflowId } from "../current-workflow.js";
import type { StoreWork } from "../places/retry-place.js";
import type { WorkPlaces } from "../places/work-places.js";
import { dropRecorded, type LateRecords } from "../record/late-records.js";
import { asTheyStand } from "../retry-status.js";
import { createSoon } from "./soon.js";
import { itemOfResult, type OpenResult, writeResults } from "./write-results.js";

export interface RunResultsDependencies {
  store: Pick<Store, "deliveries">;
  log: Pick<Logger, "warn">;
  places: Pick<WorkPlaces, "unrecorded">;
  /**
   * Results whose record could not be written yet. A rerun in the same process records them instead of sending again.
   */
  unrecordedRetries: Map<string, OpenResult>;
  lateRecords: Pick<LateRecords, "add">;
}

export interface RunResults {
  /** An attempt was made. Ask for its record once its effects are applied. */
  add(open: OpenResult): void;
  /** One of an earlier run, which that one could not record. */
  reuse(open: OpenResult): void;
  /** Writes what was added, a little later and together with others. */
  ask(): void;
  /** Whether something could not be recorded. Nothing more is sent in this run then. */
  hasFailed(): boolean;
  /**
   * Writes all that is left. The run does not end before what it has sent is on record, because another worker may get
   * the next run, and knows only the records. In a run of 60 kills, deliveries came again from there 26 s after the
   * first worker had sent them.
   * @throws StoreError when something could not be recorded at first. It is on record by now, if the database answered
   * within `LATE_WITHIN_MS`.
   */
  end(): Promise<void>;
}

/** So long after a result it is written, together with others. One slow request delays no other's record. */
const RECORD_MS = 200;

/** @param run `reached` gets what each delivery has come to, by id */
export function createRunResults(
  dependencies: RunResultsDependencies,
  run: { groupId: string; storeWork: StoreWork; reached: Map<string, RetryItem> },
): RunResults {
  const { unrecordedRetries, places, lateRecords } = dependencies;
  const { groupId, storeWork, reached } = run;
  let results: OpenResult[] = [];
  /** One for each of them that this run made. Called once these are on record. */
  let closes: (() => void)[] = [];
  /** Those that could not be recorded at first. */
  const late: Promise<void>[] = [];
  const recording = createSoon(RECORD_MS, recordOpen);

  async function recordOpen(): Promise<void> {
    const open = results;
    if (open.length === 0) return;
    const closeThese = closes;
    results = [];
    closes = [];
    const recorded = (): void => {
      for (const each of open) dropRecorded(unrecordedRetries, each.deliveryId, each);
      for (const close of closeThese) close();
    };
    try {
      const refused = await writeResults(dependencies, { groupId, open, storeWork });
      recorded();
      for (const item of asTheyStand(open.map(itemOfResult), refused, currentWorkflowId()))
        reached.set(item.deliveryId, item);
    } catch (error) {
      const write = (): Promise<unknown> => writeResults(dependencies, { groupId, open });
      late.push(lateRecords.add({ write, recorded }));
      throw error;
    }
  }

  return {
    add(open) {
      unrecordedRetries.set(open.deliveryId, open);
      closes.push(places.unrecorded.open());
      results.push(open);
    },
    reuse: (open) => void results.push(open),
    ask: () => recording.ask(),
    hasFailed: () => late.length > 0,
    async end() {
      try {
        await recording.end();
      } finally {
        await Promise.all(late);
      }
    },
  };
}
