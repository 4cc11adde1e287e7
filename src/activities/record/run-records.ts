/** The outcomes of one run of a dispatch on their way into the store. */
import type { FirstOutcome, Route } from "../first-attempts.js";
import type { WorkPlaces } from "../places/work-places.js";
import {
  type Dispatching,
  type Done,
  type LeftRoute,
  recordAll,
  type RecordOutcomesDependencies,
} from "../record-outcomes.js";
import { dropRecorded, type LateRecords } from "./late-records.js";

export interface RunRecordsDependencies extends RecordOutcomesDependencies {
  places: Pick<WorkPlaces, "unrecorded">;
  /**
   * Outcomes whose record could not be written yet. A rerun in the same process takes them from here instead of sending
   * again.
   */
  unrecorded: Map<string, FirstOutcome>;
  lateRecords: Pick<LateRecords, "add">;
}

export interface RunRecords {
  add(route: Route, outcome: FirstOutcome): void;
  /**
   * Records what was added since the last time.
   * @throws StoreError when that failed. It is not tried again here.
   */
  record(): Promise<void>;
  /**
   * The run has failed. Attempts that were made and are not on record are written until they are. Resolves then, or
   * after `LATE_WITHIN_MS`. Never rejects.
   */
  leave(): Promise<void>;
}

interface Batch {
  done: Done[];
  /** One for each attempt that was made. Called once it is on record. */
  closes: (() => void)[];
}

const newBatch = (): Batch => ({ done: [], closes: [] });

/** @param left gets the routes that need time */
export function createRunRecords(
  dependencies: RunRecordsDependencies,
  dispatching: Dispatching,
  left: LeftRoute[],
): RunRecords {
  const { unrecorded, places, lateRecords } = dependencies;
  let batch = newBatch();
  const failed: Batch[] = [];
  function isRecorded({ done, closes }: Batch): void {
    for (const { route, outcome } of done) dropRecorded(unrecorded, route.deliveryId, outcome);
    for (const close of closes) close();
  }
  return {
    add(route, outcome) {
      unrecorded.set(route.deliveryId, outcome);
      if (outcome.kind === "attempted") batch.closes.push(places.unrecorded.open());
      batch.done.push({ route, outcome });
    },
    async record() {
      const now = batch;
      batch = newBatch();
      try {
        await recordAll(dependencies, dispatching, now.done, left);
      } catch (error) {
        failed.push(now);
        throw error;
      }
      isRecorded(now);
    },
    async leave() {
      const all = [...failed.splice(0), batch];
      batch = newBatch();
      const landed: Promise<void>[] = [];
      for (const each of all) {
        // What was not attempted waits for the next run: in this process as it was decided, elsewhere decided anew.
        const made = each.done.filter(({ outcome }) => outcome.kind === "attempted");
        if (made.length === 0) continue;
        const write = (): Promise<void> => recordAll(dependencies, dispatching, made, []);
        landed.push(lateRecords.add({ write, recorded: () => isRecorded({ ...each, done: made }) }));
      }
      await Promise.all(landed);
    },
  };
}
