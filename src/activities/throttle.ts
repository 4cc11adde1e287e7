/** The pace of subscriptions in this process. (Interface; the implementation follows in this file.) */
import type { Subscription } from "../store/model.js";
import type { Reservation } from "../workflows/contract.js";

/** What the throttle reads of a subscription. */
export type PacedSubscription = Pick<Subscription, "id" | "rateLimit" | "updatedAt" | "throttledUntil">;

/** May be sent at or after `at` and not after `until` (milliseconds since the epoch); see `Throttle.begin`. */
export interface Start {
  kind: "start";
  at: number;
  until: number;
  epoch: number;
}

/**
 * Not now: come back at `dueAt` (milliseconds since the epoch, some time before the slot, so that the rest is waited for in the process)
 * and hand the reservation, when there is one, to `take` again. Without one the place in the queue is asked for anew.
 */
export interface Later {
  kind: "later";
  dueAt: number;
  reservation?: Reservation;
}

export type Slot = Start | Later;

export interface TakeOptions {
  /** Slots further away than this are given back as `later`. Also bounds how long `take` itself waits for the bucket. */
  maxWaitMs: number;
  /** Reservations to redeem; the i-th belongs to the i-th slot. One that is void or missed is replaced by a new slot. */
  reservations?: readonly (Reservation | undefined)[];
}

export interface Throttle {
  /**
   * Asks for `count` requests to one subscription. Gives exactly `count` slots, ascending by time among those without a reservation.
   * Without a rate limit every slot starts now. Never rejects: when the engine does not answer, slots are `later`.
   */
  take(subscription: PacedSubscription, count: number, options: TakeOptions): Promise<Slot[]>;
  /**
   * Waits until `start.at` and tells whether the request may go out now. False when the slot was missed (a later use would break
   * the limit), the rate changed or the consumer asked for a pause meanwhile: take a new one. Call it directly before sending.
   */
  begin(subscription: PacedSubscription, start: Start): Promise<boolean>;
  /** Nothing may be sent before this instant (milliseconds since the epoch, 0: no pause), as far as this process knows. */
  pausedUntil(subscription: PacedSubscription): number;
  /**
   * The consumer asked for quiet until `untilMs`. Holds in this process at once; with a rate limit the bucket is told too.
   * Without one the caller writes `throttledUntil` to the subscription. Never rejects.
   */
  pause(subscription: PacedSubscription, untilMs: number): Promise<void>;
}
