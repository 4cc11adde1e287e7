/** What every row of the table of outcomes says (outcomes.ts). */

/**
 * - delivered: done.
 * - retry: spends an attempt of the schedule.
 * - park: waits for inspection. Nothing changes by itself.
 * - disable: the consumer wants no more. The subscription is disabled and the delivery parked.
 * - ours: our own failure. It never spends an attempt.
 */
export type OutcomeClass = "delivered" | "retry" | "park" | "disable" | "ours";

/**
 * Who can end it: the people who run the endpoint, those who keep the subscription's settings, or we. `nobody`: nothing
 * is wrong.
 */
export const FAULTS = ["nobody", "endpoint", "settings", "ours"] as const;
export type Fault = (typeof FAULTS)[number];

export interface OutcomeRow {
  class: OutcomeClass;
  fault: Fault;
  /** What happened. */
  explanation: string;
  /** What the consumer, or we for class `ours`, can do. */
  hint: string;
}
