/** The thread in which responses are checked; see response-checks.ts. */
import { checkResponse, type PostedResponse } from "./check-response.js";

/** Says in `begun` when the check begins, milliseconds since the epoch: until then the thread was only starting. */
export default ({ posted, begun }: { posted: PostedResponse; begun: BigInt64Array }) => {
  Atomics.store(begun, 0, BigInt(Date.now()));
  return checkResponse(posted);
};
