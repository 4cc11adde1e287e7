/** Reads of many documents. They use indexes on MongoDB and read the whole collection on FerretDB. */
import { MongoServerError } from "mongodb";
import { createPlaces } from "../../side-by-side.js";
import { withinDeadline } from "../deadline.js";
import { guarded, LIST_DEADLINE_MS, type Within } from "./driver-errors.js";
import { StoreError } from "../store-error.js";

/**
 * Runs a list or a count. What is given up at the deadline is stopped in the server too. Throws StoreError
 * `unavailable` or `scan_too_long`.
 */
export type Scan = <T>(read: (within: Within) => Promise<T>) => Promise<T>;

export const indexedScan: Scan = (read) => guarded(read, LIST_DEADLINE_MS);

/** So many lists may wait for their turn. Further ones are refused at once. */
const MOST_WAITING = 16;
/** The server's answer to an operation that took longer than its `maxTimeMS`. */
const MAX_TIME_EXPIRED = 50;
/** A read that must stop does so within a few milliseconds. */
const STOP_WITHIN_MS = 1_000;

/**
 * One at a time, for FerretDB. It reads every document for each list (50 µs each). Several lists at once take the
 * processor from everything else, and all of them miss the deadline. The deadline covers the wait and the read.
 */
export function createSingleScan(deadlineMs = LIST_DEADLINE_MS): Scan {
  const oneAtATime = createPlaces(1);
  let waiting = 0;
  const tooLong = (): StoreError =>
    new StoreError(
      "scan_too_long",
      "The embedded engine (FerretDB) reads the whole collection for every list, and this one was " +
        `not done within ${deadlineMs / 1_000} s. Set MONGODB_URL to a MongoDB server, where lists use indexes.`,
    );

  return async (read) => {
    if (waiting >= MOST_WAITING) throw tooLong();
    waiting++;
    const end = performance.now() + deadlineMs;
    try {
      return await withinDeadline(
        deadlineMs,
        (signal) =>
          oneAtATime(() => {
            signal.throwIfAborted();
            const maxTimeMS = Math.max(1, Math.ceil(end - performance.now()));
            // The deadline is the one outside. This later one ends a read that does not stop, so that the next begins.
            return guarded(
              () =>
                read({ signal, maxTimeMS }).catch((error: unknown) => {
                  throw error instanceof MongoServerError && error.code === MAX_TIME_EXPIRED ? tooLong() : error;
                }),
              maxTimeMS + STOP_WITHIN_MS,
            );
          }),
        tooLong,
      );
    } finally {
      waiting--;
    }
  };
}
