/**
 * Outcomes that a run could not record, because the database did not answer in time. They are written as soon as it
 * does. The run waits for them before it ends, because the next one may be that of another process, which knows only
 * what is on record.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { inTimeOr } from "../../store/deadline.js";

export interface LateRecords {
  /**
   * Writes until it succeeds, and calls `recorded` then. Resolves after that. Without it, resolves after
   * `LATE_WITHIN_MS`, or `LATE_AT_STOP_MS` after the process began to stop. Never rejects.
   */
  add(late: LateRecord): Promise<void>;
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
/**
 * A run waits for its late records for so long at most, milliseconds. It holds a slot of the worker meanwhile. As long
 * as an outcome keeps others from being sent (record-lag.ts).
 */
export const LATE_WITHIN_MS = 60_000;
/** Batches. Nothing is sent while outcomes wait, so there are a few. Of one more, the oldest is given up. */
const MOST = 1_000;

/** A process that stops waits for no longer for a database that did not answer in time, milliseconds. */
export const LATE_AT_STOP_MS = 2_000;

export interface LateRecordsDependencies {
  log: Pick<Logger, "warn">;
  /** Aborted when the process stops. */
  stopping?: AbortSignal;
}

/** Of one process. One write is under way at a time, as the database has had enough. */
export function createLateRecords({ log, stopping }: LateRecordsDependencies): LateRecords {
  const open: LateRecord[] = [];
  const stopped = new Promise<void>((resolve) => {
    stopping?.addEventListener("abort", () => setTimeout(resolve, LATE_AT_STOP_MS).unref(), { once: true });
  });
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
    async add(late) {
      let landed = (): void => undefined;
      const recorded = new Promise<void>((resolve) => {
        landed = () => {
          late.recorded();
          resolve();
        };
      });
      if (open.push({ write: () => late.write(), recorded: landed }) > MOST) open.shift()?.recorded();
      writing ??= writeAll();
      await inTimeOr(LATE_WITHIN_MS, Promise.race([recorded, stopped]), undefined);
    },
    async close(ms) {
      const until = performance.now() + ms;
      while (writing && performance.now() < until)
        await Promise.race([writing, delay(Math.max(1, until - performance.now()), undefined, { ref: false })]);
    },
  };
}
