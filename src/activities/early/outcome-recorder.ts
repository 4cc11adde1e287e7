/** Writes outcomes of early attempts in groups, a few milliseconds after they settled, until they are on record. */
import { setTimeout as delay } from "node:timers/promises";
import { groupBy } from "../../group-by.js";
import type { WorkPlaces } from "../places/work-places.js";
import { type Done, type LeftRoute, recordAll, type RecordOutcomesDependencies } from "../record-outcomes.js";

export interface OutcomeRecorder {
  /**
   * Resolves once it is on record: whether something is left to do. A store that is away is waited for. Never rejects.
   */
  record(owner: string, done: Done): Promise<boolean>;
  /** Waits until everything is on record and `isDone` says so, at most `ms` milliseconds. */
  close(isDone: () => boolean, ms: number): Promise<void>;
}

/** What settles within this time goes into one write. A process that is killed leaves so much unrecorded. */
const GATHER_MS = 20;
const MOST_TOGETHER = 500;
const AGAIN_MS = 1_000;

interface Open {
  owner: string;
  done: Done;
  settle: (isLeft: boolean) => void;
}

export interface OutcomeRecorderDependencies extends RecordOutcomesDependencies {
  places: Pick<WorkPlaces, "unrecorded">;
}

/** The recorder of one process. One write is under way at a time. */
export function createOutcomeRecorder(dependencies: OutcomeRecorderDependencies): OutcomeRecorder {
  const open: Open[] = [];
  let writing = false;

  async function write(): Promise<void> {
    while (open.length > 0) {
      const some = open.splice(0, MOST_TOGETHER);
      for (const [owner, group] of groupBy(some, (each) => each.owner)) {
        try {
          await recordGroup(dependencies, owner, group);
        } catch (error) {
          dependencies.log.warn({ err: error, attempts: group.length }, "attempts are not on record yet; tried again");
          open.push(...group);
          await delay(AGAIN_MS, undefined, { ref: false });
        }
      }
    }
  }
  function writeSoon(): void {
    if (writing) return;
    writing = true;
    setTimeout(() => {
      void write().finally(() => {
        writing = false;
        if (open.length > 0) writeSoon();
      });
    }, GATHER_MS);
  }

  return {
    record(owner, done) {
      const close = dependencies.places.unrecorded.open();
      return new Promise((resolve) => {
        const settle = (isLeft: boolean): void => {
          close();
          resolve(isLeft);
        };
        open.push({ owner, done, settle });
        writeSoon();
      });
    },
    async close(isDone, ms) {
      const until = performance.now() + ms;
      while ((!isDone() || writing || open.length > 0) && performance.now() < until)
        await delay(Math.min(GATHER_MS, Math.max(1, until - performance.now())));
    },
  };
}

async function recordGroup(dependencies: RecordOutcomesDependencies, owner: string, group: Open[]): Promise<void> {
  const left: LeftRoute[] = [];
  await recordAll(
    dependencies,
    { owner, isShared: dependencies.sharesRetries() },
    group.map(({ done }) => done),
    left,
  );
  const isLeft = new Set(left.map(({ route }) => route.deliveryId));
  for (const { done, settle } of group) settle(isLeft.has(done.route.deliveryId));
}
