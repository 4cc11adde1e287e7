/** Deals the slots of a subscription's token bucket out to what waits to be sent. */
import type { Reservation } from "../../workflows/contract.js";
import type { Later, Start, TakeOptions } from "./slot.js";
import type { PacedSubscription, Throttle } from "./throttle.js";

export interface Paced<T> {
  /** May go out. Call `throttle.begin(subscription, start)` directly before sending. */
  starts: { order: T; start: Start }[];
  /** Not now: to be continued at `dueAt`. */
  later: { order: T; later: Later }[];
}

/** Slots further away than `maxWaitMs` come back as `later`. Never rejects. */
export async function pace<T>(
  throttle: Throttle,
  subscription: PacedSubscription,
  orders: readonly T[],
  {
    reservationOf,
    ...options
  }: Omit<TakeOptions, "reservations"> & { reservationOf?: (order: T) => Reservation | undefined },
): Promise<Paced<T>> {
  const paced: Paced<T> = { starts: [], later: [] };
  if (orders.length === 0) return paced;
  const reservations = reservationOf && orders.map(reservationOf);
  const slots = await throttle.take(subscription, orders.length, { ...options, ...(reservations && { reservations }) });
  orders.forEach((order, index) => {
    const slot = slots[index];
    if (slot?.kind === "start") paced.starts.push({ order, start: slot });
    else if (slot) paced.later.push({ order, later: slot });
  });
  return paced;
}
