/**
 * Hops: how often an event has come through Sealpost already. A delivery says one more, so that a circle of
 * subscriptions comes to an end.
 */
import type { IncomingMessage } from "node:http";
import { HOPS_HEADER } from "../../endpoint/request-headers.js";
import { refuse, type Refusal } from "../http/errors.js";

/**
 * An event that has come through so many times is refused. Chains of a few installations are real. A circle that
 * doubles at every round makes 2^6 events out of one until it ends.
 */
export const MAX_HOPS = 5;

/**
 * The hops of a request, 0 without the header. It is not signed. A publisher who leaves it out makes a circle on
 * purpose, under a key of its own. A publisher who raises it has only its own events refused.
 */
export function hopsOf(request: Pick<IncomingMessage, "headers">): number | Refusal {
  const given = request.headers[HOPS_HEADER];
  if (given === undefined) return 0;
  if (typeof given !== "string" || !/^[0-9]{1,3}$/.test(given))
    return refuse("invalid_request", undefined, {
      errors: [{ path: "Sealpost-Hops", message: "must be a whole number from 0 to 999, given once" }],
    });
  return Number(given) > MAX_HOPS ? refuse("loop_detected") : Number(given);
}
