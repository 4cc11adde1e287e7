/** The thread that checks responses. See response-checks.ts. */
import { checkResponse, type PostedResponse } from "./check-response.js";

/**
 * Writes into `begun` when the check begins, in milliseconds since the epoch. Until then the thread was only starting.
 */
export default ({ posted, begun }: { posted: PostedResponse; begun: BigInt64Array }) => {
  Atomics.store(begun, 0, BigInt(Date.now()));
  return checkResponse(posted);
};
