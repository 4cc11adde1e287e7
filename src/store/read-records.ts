/**
 * Reads of many records that outlast a store which stands still for a moment. What was read stays read. A rerun that
 * began from the start again each time would ask an overloaded store for the same records over and over.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { StoreLog } from "./store-log.js";
import { StoreError } from "./store-error.js";

export interface RecordsRead<T> {
  ids: readonly string[];
  /** Reads some of them. Those that are not there are left out. */
  read: (ids: readonly string[]) => Promise<Map<string, T>>;
  log: Pick<StoreLog, "warn">;
  /** Aborted when the engine gives the activity up. It is run again elsewhere then. */
  signal?: AbortSignal | undefined;
}

/** Records of one part. On FerretDB 32 of them are read at once. */
const PART = 100;
/**
 * A part is tried again for so long. The engine gives a dispatch 2 minutes. It waits up to one of them for its place,
 * and needs the rest for its attempts.
 */
const PATIENCE_MS = 25_000;
const AGAIN_MS = 500;

/** All of them by id, part by part. Throws StoreError, or the reason of the signal. */
export async function readRecords<T>({ ids, read, log, signal }: RecordsRead<T>): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  const until = performance.now() + PATIENCE_MS;
  for (let from = 0; from < ids.length;) {
    const part = ids.slice(from, from + PART);
    try {
      for (const [id, record] of await read(part)) found.set(id, record);
      from += PART;
    } catch (error) {
      const isAway = error instanceof StoreError && error.code === "unavailable";
      if (!isAway || signal?.aborted || performance.now() >= until) throw error;
      log.warn({ err: error, read: from, of: ids.length }, "records could not be read yet; tried again");
      await delay(AGAIN_MS, undefined, { ref: false, ...(signal && { signal }) }).catch(() => signal?.throwIfAborted());
    }
  }
  return found;
}
