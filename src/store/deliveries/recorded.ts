/** What writes of deliveries mean for the counters. */
import type { Delivery } from "../model.js";
import type { CountRecorded, Recorded } from "../stats/stats-store.js";
import type { DeliveryChange } from "../store.js";
import { mayLeave } from "./delivery-changes.js";
import type { DeliveryDocument } from "./delivery-document.js";

/** Statuses in which Sealpost does nothing more by itself. The others are on the way to one of them. */
const REACHED: readonly Delivery["status"][] = ["delivered", "parked", "exhausted", "cancelled"];

/** Counts deliveries that were inserted. Those that existed before (`known`) are counted already. */
export function countInserted(deliveries: readonly Delivery[], known: readonly string[], count: CountRecorded): void {
  const before = new Set(known);
  for (const delivery of deliveries) {
    if (before.has(delivery.id)) continue;
    const newest = delivery.attempts.at(-1);
    for (const attempt of delivery.attempts.slice(0, -1)) count({ delivery, attempt });
    const reached = REACHED.includes(delivery.status) && { status: delivery.status };
    if (newest || reached) count({ delivery, ...reached, ...(newest && { attempt: newest }) });
  }
}

/**
 * What a change that was made has recorded. A delivery that was settled keeps its status, and so is not counted again.
 */
export function recordedBy(before: DeliveryDocument, change: DeliveryChange): Recorded {
  const { attempt, status } = change;
  const isReached = status !== before.status && REACHED.includes(status) && mayLeave(before.status, change);
  return { delivery: before, ...(isReached && { status }), ...(attempt && { attempt }) };
}
