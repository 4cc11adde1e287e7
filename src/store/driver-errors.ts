/** The driver's errors as the store's: callers branch on StoreError codes and never see the driver. */
import { MongoAPIError, MongoClientClosedError, MongoError, MongoNotConnectedError, MongoServerError, MongoTopologyClosedError } from "mongodb";
import { StoreError } from "./store.js";

/** Duplicate key. */
const DUPLICATE_KEY = 11000;

/**
 * Longest wait for one operation, milliseconds. The driver's own limits do not cover a server that is stopped but connected
 * (`timeoutMS` has no effect in driver 7.9, `socketTimeoutMS` counts twice because of its retry).
 */
export const OPERATION_DEADLINE_MS = 3_500;
/** The same for lists: on the stand-in they are scans. */
export const LIST_DEADLINE_MS = 15_000;

/** Runs a database operation; its failures become StoreError, mistakes in the call itself stay what they are. */
export async function guarded<T>(operation: () => Promise<T>, deadlineMs = OPERATION_DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreError("unavailable", `MongoDB did not answer within ${deadlineMs} ms. It is tried again; check that MongoDB runs and is not overloaded.`)), deadlineMs);
  });
  try {
    return await Promise.race([operation(), late]);
  } catch (error) {
    throw storeErrorOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** True for an insert refused because its `_id` (or a unique field) exists. */
export function isDuplicate(error: unknown): boolean {
  return (error instanceof MongoServerError && error.code === DUPLICATE_KEY) || (error instanceof StoreError && error.code === "duplicate");
}

function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  if (isDuplicate(error)) return new StoreError("duplicate", "An object with this id exists already.", { cause: withoutDocument(error) });
  const closed = error instanceof MongoNotConnectedError || error instanceof MongoTopologyClosedError || error instanceof MongoClientClosedError;
  if (error instanceof MongoAPIError && !closed) return error;
  return new StoreError("unavailable", `MongoDB did not do it (${error.name}${error.code === undefined ? "" : ` ${error.code}`}). It is tried again; check that MongoDB runs, has a primary and lets this user write.`, { cause: withoutDocument(error) });
}

/** Server messages quote values of the document, and the error object holds the whole operation: neither belongs in a log. */
function withoutDocument(error: MongoError): Error {
  const bare = new Error(error.name);
  bare.name = error.name;
  if (error.stack) bare.stack = error.stack.replace(error.message, "");
  return bare;
}
