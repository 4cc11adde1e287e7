/** What a failure below the API means for the client. */
import { isGrpcServiceError, ServiceError } from "@temporalio/client";
import { StoreError } from "../../store/store-error.js";
import { refuse, type Refusal } from "./errors.js";
import { ChangedMeanwhile } from "./preconditions.js";

/**
 * For `insert(…).then(() => false, isDuplicate)`. It gives true when the id exists, and throws any other failure again.
 */
export function duplicateOrThrow(error: unknown): true {
  if (error instanceof StoreError && error.code === "duplicate") return true;
  throw error;
}

const STORE_PROBLEMS: Partial<Record<StoreError["code"], Refusal>> = {
  duplicate: refuse("name_taken"),
  unavailable: refuse("unavailable", "The store does not answer.", { retryAfterSeconds: 5 }),
  scan_too_long: refuse(
    "unavailable",
    "The embedded engine (FerretDB) reads every document for a list, and this one took too long. " +
      "Set MONGODB_URL to a MongoDB server, where lists use indexes.",
    { retryAfterSeconds: 15 },
  ),
  grants_broken: refuse(
    "unavailable",
    "The records that vouch for API keys and connections were changed or are incomplete. The log tells the operator.",
  ),
  key_destroyed: refuse("erased"),
  held: refuse("legal_hold"),
  cursor_invalid: refuse("invalid_request", undefined, {
    errors: [{ path: "query.cursor", message: "must be a `next` of an earlier page of this list" }],
  }),
};

/** The refusal for something that was thrown. Undefined means a failure of our own that nobody expected. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof ChangedMeanwhile) return refuse("changed_meanwhile");
  if (error instanceof StoreError) return STORE_PROBLEMS[error.code];
  if (error instanceof ServiceError || isGrpcServiceError(error))
    return refuse("unavailable", "Temporal does not answer.", { retryAfterSeconds: 5 });
  // Express refuses a path with a broken percent escape by throwing an error with this status.
  if (error instanceof URIError) return refuse("malformed_request", "The path is not percent-encoded UTF-8.");
  return undefined;
}
