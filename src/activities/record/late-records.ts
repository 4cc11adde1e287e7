/**
 * Outcomes whose run has ended without recording them, because the database did not answer in time. They are written
 * as soon as it does. The next run may be that of another process, which knows only what is on record.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";

export interface LateRecords {
  /** Writes until it succeeds, and calls `recorded` then. Never throws. */
  add(late: LateRecord): void;
  /** Waits until all are written, at most `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

export interface LateRecord {
  /** May happen twice, because a write that has failed may land later. */
  write(): Promise<unknown>;
  recorded(): void;
}

/**
 * Takes what is on record out of a table of outcomes that are not. A newer outcome of the same delivery stays, because
 * that one is not on record.
 */
export function dropRecorded<T>(table: Map<string, T>, id: string, recorded: T): void {
  if (table.get(id) === recorded) table.delete(id);
}

const AGAIN_MS = 1_000;
/** Batches. Nothing is sent while outcomes wait, so there are a few. Of one more, the oldest is given up. */
const MOST = 1_000;

/** Of one process. One write is under way at a time, as the database has had enough. */
export function createLateRecords({ log }: { log: Pick<Logger, "warn"> }): LateRecords {
  const open: LateRecord[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    for (let late = open.shift(); late; late = open.shift()) {
      try {
        await late.write();
        late.recorded();
      } catch (error) {
        log.warn({ err: error, batches: open.length + 1 }, "outcomes of attempts are not on record yet; tried again");
        open.push(late);
        await delay(AGAIN_MS, undefined, { ref: false });
      }
    }
    writing = undefined;
  }

  return {
    add(late) {
      if (open.push(late) > MOST) open.shift()?.recorded();
      writing ??= writeAll();
    },
    async close(ms) {
      const until = performance.now() + ms;
      while (writing && performance.now() < until)
        await Promise.race([writing, delay(Math.max(1, until - performance.now()), undefined, { ref: false })]);
    },
  };
}
