/** The driver's errors as the store's: callers branch on StoreError codes and never see the driver. */
import {
  MongoAPIError,
  MongoClientClosedError,
  MongoError,
  MongoNotConnectedError,
  MongoServerError,
  MongoTopologyClosedError,
} from "mongodb";
import { withinDeadline } from "../deadline.js";
import { StoreError } from "../store-error.js";

/** Duplicate key. */
const DUPLICATE_KEY = 11000;

/**
 * Longest wait for one operation, milliseconds. The driver's own limits do not cover a server that is stopped but
 * connected.
 */
export const OPERATION_DEADLINE_MS = 3_500;
/** The same for lists: on FerretDB they are scans. */
export const LIST_DEADLINE_MS = 15_000;

/**
 * Options for the operation itself, so that it stops when it is given up. The driver takes back what it has not sent
 * and closes the connection of what it has (driver 7.9 obeys the signal for writes too; `timeoutMS` has no effect
 * there). The server ends at `maxTimeMS`.
 */
export interface Within {
  readonly signal: AbortSignal;
  readonly maxTimeMS: number;
}

/**
 * Runs a database operation; its failures become StoreError, mistakes in the call itself stay what they are. A write
 * that was given up may be under way to the server all the same: only a compare-and-set keeps it from landing on a
 * newer one.
 */
export async function guarded<T>(
  operation: (within: Within) => Promise<T>,
  deadlineMs = OPERATION_DEADLINE_MS,
): Promise<T> {
  try {
    return await withinDeadline(
      deadlineMs,
      (signal) => operation({ signal, maxTimeMS: deadlineMs }),
      () =>
        new StoreError(
          "unavailable",
          `MongoDB did not answer within ${deadlineMs} ms. It is tried again; check that MongoDB runs ` +
            "and is not overloaded.",
        ),
    );
  } catch (error) {
    throw storeErrorOf(error);
  }
}

/** True for an insert refused because its `_id` (or a unique field) exists. */
export function isDuplicate(error: unknown): boolean {
  return (
    (error instanceof MongoServerError && error.code === DUPLICATE_KEY) ||
    (error instanceof StoreError && error.code === "duplicate")
  );
}

function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  if (isDuplicate(error))
    return new StoreError("duplicate", "An object with this id exists already.", { cause: withoutDocument(error) });
  const closed =
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError;
  if (error instanceof MongoAPIError && !closed) return error;
  return new StoreError(
    "unavailable",
    `MongoDB did not do it (${error.name}${error.code === undefined ? "" : ` ${error.code}`}). It ` +
      "is tried again; check that MongoDB runs, has a primary and lets this user write.",
    { cause: withoutDocument(error) },
  );
}

/**
 * Server messages quote values of the document, and the error object holds the whole operation: neither belongs in a
 * log.
 */
function withoutDocument(error: MongoError): Error {
  const bare = new Error(error.name);
  bare.name = error.name;
  if (error.stack) bare.stack = error.stack.replace(error.message, "");
  return bare;
}
