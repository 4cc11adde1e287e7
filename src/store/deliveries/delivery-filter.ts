/** What deliveries are asked for. */
import type { DeliveryStatus } from "../../workflows/contract.js";

/** All of it must hold. */
export interface DeliveryFilter {
  groupIds?: string[];
  /**
   * Deliveries of these apis. `apiEventTypes` are their event types. They are used while deliveries of earlier releases
   * do not name their api.
   */
  apiIds?: string[];
  apiEventTypes?: string[];
  status?: DeliveryStatus[];
  subscriptionId?: string;
  eventType?: string;
  eventId?: string;
  /** This delivery, or those of this event. */
  named?: { deliveryId?: string; eventId?: string };
  /** HTTP status of the newest attempt, in one of these ranges. */
  httpStatus?: StatusRange[];
  /** Outcome of the newest attempt. */
  outcome?: string[];
  /** Milliseconds that the newest attempt took at least. */
  durationMin?: number;
  /** So many attempts at least. */
  attemptsMin?: number;
  since?: Date;
  until?: Date;
}

/** HTTP statuses, both ends included. */
export interface StatusRange {
  from: number;
  to: number;
}
