/** Turns the driver's errors into those of the store. Callers branch on StoreError codes and never see the driver. */
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
/** The same for lists, which are scans on FerretDB. */
export const LIST_DEADLINE_MS = 15_000;

/**
 * Options for the operation itself, so that it stops when it is given up. The driver takes back what it has not sent,
 * and closes the connection of what it has. Driver 7.9 obeys the signal for writes too, and `timeoutMS` has no effect
 * there. The server ends the operation at `maxTimeMS`.
 */
export interface Within {
  readonly signal: AbortSignal;
  readonly maxTimeMS: number;
}

/**
 * Runs a database operation. Its failures become StoreError. Mistakes in the call itself are thrown as they are. A
 * write that was given up may still be on its way to the server. Only a compare-and-set keeps it from overwriting a
 * newer one. If the caller's own signal `givenUp` is aborted, then its reason is thrown.
 */
export async function guarded<T>(
  operation: (within: Within) => Promise<T>,
  deadlineMs = OPERATION_DEADLINE_MS,
  givenUp?: AbortSignal,
): Promise<T> {
  try {
    return await withinDeadline(
      deadlineMs,
      (signal) => operation({ signal, maxTimeMS: deadlineMs }),
      () =>
        new StoreError(
          "unavailable",
          `MongoDB did not answer within ${deadlineMs} ms. Sealpost tries again. ` +
            "Check that MongoDB runs and is not overloaded.",
        ),
      givenUp,
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
    `MongoDB did not carry out an operation (${error.name}${error.code === undefined ? "" : ` ${error.code}`}). ` +
      "Sealpost tries again. Check that MongoDB runs, has a primary and lets this user write.",
    { cause: withoutDocument(error) },
  );
}

/**
 * Server messages quote values of the document, and the error object holds the whole operation. Neither may be logged.
 */
function withoutDocument(error: MongoError): Error {
  const bare = new Error(error.name);
  bare.name = error.name;
  if (error.stack) bare.stack = error.stack.replace(error.message, "");
  return bare;
}
