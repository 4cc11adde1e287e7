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

/** For each list that is read, so many may wait for their turn. Further ones are refused at once. */
const MOST_WAITING = 16;
/** The server's answer to an operation that took longer than its `maxTimeMS`. */
const MAX_TIME_EXPIRED = 50;
/** A read that must stop does so within a few milliseconds. */
const STOP_WITHIN_MS = 1_000;

/**
 * One at a time, for FerretDB. It reads every document for each list (50 µs each). Several lists at once take the
 * processor from everything else, and all of them miss the deadline.
 */
export const createSingleScan = (deadlineMs = LIST_DEADLINE_MS): Scan =>
  createFewScans(1, {
    deadlineMs,
    tooLong: () =>
      new StoreError(
        "scan_too_long",
        "The embedded engine (FerretDB) reads the whole collection for every list, and this one was " +
          `not done within ${deadlineMs / 1_000} s. Set MONGODB_URL to a MongoDB server, where lists use indexes.`,
      ),
  });

/**
 * At most `most` at once, so that what people read leaves connections to what is published and delivered. The deadline
 * covers the wait and the read.
 */
export function createFewScans(
  most: number,
  {
    deadlineMs = LIST_DEADLINE_MS,
    tooLong = () => listTooLong(deadlineMs),
  }: { deadlineMs?: number; tooLong?: () => StoreError } = {},
): Scan {
  const fewAtOnce = createPlaces(most);
  let wanted = 0;
  return async (read) => {
    if (wanted >= most * MOST_WAITING) throw tooLong();
    wanted++;
    const end = performance.now() + deadlineMs;
    try {
      return await withinDeadline(
        deadlineMs,
        (signal) =>
          fewAtOnce(() => {
            signal.throwIfAborted();
            const maxTimeMS = Math.floor(end - performance.now());
            // What begins when its time is over would only be in the way of the next.
            if (maxTimeMS < 1) throw tooLong();
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
      wanted--;
    }
  };
}

const listTooLong = (deadlineMs: number): StoreError =>
  new StoreError(
    "unavailable",
    `The list was not read within ${deadlineMs / 1_000} s. Ask for less at once, or try again when fewer are read.`,
  );
