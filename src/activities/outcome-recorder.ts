/** Writes outcomes of early attempts in groups, a few milliseconds after they settled, until they are on record. */
import { setTimeout as delay } from "node:timers/promises";
import type { RetryItem } from "../workflows/contract.js";
import { type Done, type LeftRoute, recordAll, type RecordOutcomesDependencies } from "./record-outcomes.js";

export interface OutcomeRecorder {
  /** Resolves once it is on record, with what is left to do. Never rejects: a store that is away is waited for. */
  record(owner: string, done: Done): Promise<RetryItem | undefined>;
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
  settle: (item: RetryItem | undefined) => void;
}

/** The recorder of one process. One write is under way at a time. */
export function createOutcomeRecorder(dependencies: RecordOutcomesDependencies): OutcomeRecorder {
  const open: Open[] = [];
  let writing = false;

  async function write(): Promise<void> {
    while (open.length > 0) {
      const some = open.splice(0, MOST_TOGETHER);
      for (const [owner, group] of byOwner(some)) {
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
      return new Promise((settle) => {
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

function byOwner(some: readonly Open[]): Map<string, Open[]> {
  const groups = new Map<string, Open[]>();
  for (const each of some) {
    const group = groups.get(each.owner);
    if (group) group.push(each);
    else groups.set(each.owner, [each]);
  }
  return groups;
}

async function recordGroup(dependencies: RecordOutcomesDependencies, owner: string, group: Open[]): Promise<void> {
  const left: LeftRoute[] = [];
  await recordAll(
    dependencies,
    owner,
    group.map(({ done }) => done),
    left,
  );
  const items = new Map(left.map(({ route, item }) => [route.deliveryId, item]));
  for (const { done, settle } of group) settle(items.get(done.route.deliveryId));
}
