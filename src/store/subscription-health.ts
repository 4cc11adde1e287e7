/** The health of a subscription's endpoint as it stands in its record. An absent one means that it is healthy. */

/**
 * From the first to the last: more attempts fail than usual, the breaker is open, nothing is sent, sending begins
 * again.
 */
export const HEALTH_STATES = ["degraded", "failing", "disabled", "recovering"] as const;

export interface SubscriptionHealth {
  state: (typeof HEALTH_STATES)[number];
  since: Date;
  /** Why, and what happens next, in plain words. */
  reason?: string;
  /** When one waiting delivery is sent to see whether the endpoint answers again. */
  nextProbeAt?: Date;
  /** When the subscription is disabled, unless an attempt succeeds before. */
  disablesAt?: Date;
  /** The circuit breaker, while it is not closed. */
  breaker?: BreakerRecord;
}

export interface BreakerRecord {
  /** `open`: nothing is sent but probes. `half_open`: a probe has succeeded, and further ones decide. */
  state: "open" | "half_open";
  openedAt: Date;
  /** Probes sent since it opened, and how many of the last ones succeeded in a row. */
  probes: number;
  successes: number;
}
