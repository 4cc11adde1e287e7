/** Slots: when one request to a paced subscription may go out. */
import type { Reservation } from "../../workflows/contract.js";

/** May be sent at or after `at` and not after `until` (milliseconds since the epoch); see `Throttle.begin`. */
export interface Start {
  kind: "start";
  at: number;
  until: number;
  epoch: number;
}

/**
 * Not now. Come back at `dueAt`, milliseconds since the epoch, and hand the reservation, when there is one, to `take`
 * again. `dueAt` is some time before the slot, so that the rest is waited for in the process. Without a reservation the
 * place in the queue is asked for anew.
 */
export interface Later {
  kind: "later";
  dueAt: number;
  reservation?: Reservation;
}

export type Slot = Start | Later;

export interface TakeOptions {
  /**
   * Slots further away than this are given back as `later`. Also bounds how long `take` itself waits for its turn to
   * ask the bucket.
   */
  maxWaitMs: number;
  /**
   * Takes no slot that is further away. Such a `later` is due at once and has no reservation. This is for a caller who
   * gives the rest to somebody else after the wait. A slot reserved for the moment of that hand-over would be missed.
   */
  onlySoon?: boolean;
  /**
   * Reservations to redeem; the i-th belongs to the i-th slot. One that is void or missed is replaced by a new slot.
   */
  reservations?: readonly (Reservation | undefined)[];
}
