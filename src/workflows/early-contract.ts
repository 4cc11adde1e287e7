/** Attempts that the accepting process began before the workflow of their events was started. */
import type { DeliveryStatus } from "./retry/retry-contract.js";

/** What was begun for the events of one workflow, as it stood when the workflow was started. */
export interface EarlyListing {
  /** The process that began them. It has their outcomes, and records them. */
  process: string;
  /** All of them have ended by then, milliseconds since the epoch. */
  until: number;
  attempts: EarlyAttempt[];
}

/** The first attempt of one delivery. */
export interface EarlyAttempt {
  /** Place of the event in the input. */
  event: number;
  subscriptionId: string;
  /** Absent: it was under way. */
  outcome?: EarlyOutcome;
}

/** What such an attempt came to, without what the endpoint was sent and said. */
export interface EarlyOutcome {
  status: Extract<DeliveryStatus, "delivered" | "retrying" | "parked" | "exhausted">;
  /** Absent where our own trouble ended it: that spends no attempt. */
  attempt?: {
    /** Milliseconds since the epoch. */
    at: number;
    /** Code of the table of outcomes. */
    outcome: string;
    /** HTTP status, when there was an answer. */
    status?: number;
    durationMs: number;
  };
  reason?: string;
  /** When to go on, milliseconds since the epoch. Present with `retrying`. */
  dueAt?: number;
}
