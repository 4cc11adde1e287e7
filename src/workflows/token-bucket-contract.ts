/** The contract of the workflow `tokenBucket`: its input, state, signals and leases. Plain data only. */

/** Rate of one subscription. */
export interface RateLimit {
  /** Requests per second, may be below 1. */
  perSecond: number;
  /** Requests that may go at once after a quiet time, at least 1. */
  burst: number;
}

export interface TokenBucketInput {
  subscriptionId: string;
  rate: RateLimit;
  /** `updatedAt` of the subscription the rate was read from, milliseconds. */
  rateAsOf: number;
  /** State handed over by continue-as-new. */
  state?: BucketState;
  /** A bucket that nobody asked for so long ends, milliseconds. By default it is 10 minutes. */
  idleMs?: number;
  /** Age at which a run goes on in a new one, milliseconds. By default it is MAX_RUN_DAYS. */
  maxRunMs?: number;
}

/** GCRA state: one instant and what makes reservations void. Times are milliseconds since the epoch. */
export interface BucketState {
  /** Theoretical arrival time: when the bucket would be full again. */
  tat: number;
  epoch: number;
  pausedUntil: number;
  rate: RateLimit;
  /** `updatedAt` of the subscription the rate was read from, milliseconds. */
  rateAsOf: number;
  /** Spare tokens that workers hold, and until when they may be used. */
  spares: { until: number; count: number }[];
  /** When the next message to the bucket is due. It keeps all workers together below 5 a second. */
  nextMessageAt: number;
  /**
   * The clock when the state last changed. All other times are meant relative to it, so that they are pulled back with
   * a clock that goes back. Absent in states of earlier releases.
   */
  asOf?: number;
}

/** Argument of the signal `configure`. */
export interface ConfigureSignal {
  rate: RateLimit;
  /** `updatedAt` of the subscription the rate was read from, milliseconds. The newer rate wins. */
  asOf: number;
}
/** Argument of the signal `pause`. */
export interface PauseSignal {
  /** Milliseconds since the epoch. */
  untilMs: number;
  /** The sender's clock, by which `untilMs` was reckoned. */
  asOf?: number;
}

/**
 * Priority of token buckets and breakers. Their tasks are few, and go before those of all that wait for their answers.
 * Behind 300 new workflows a lease took longer than its deadline of 4 s, so that nothing was sent for 5 s more. Engines
 * that know no priorities ignore it.
 */
export const GOES_FIRST = { priorityKey: 1 } as const;

/** Id of the bucket of a subscription. */
export const bucketWorkflowId = (subscriptionId: string): string => `bucket/${subscriptionId}`;

export interface LeaseRequest {
  /** How many requests the worker has waiting. 0 only asks how things stand. */
  count: number;
  /** Those that go elsewhere unless their slot comes within `withinMs`. They take no later slot from anybody. */
  soon?: { count: number; withinMs: number };
  /**
   * No slot sooner than this, milliseconds from now: the answer takes so long to arrive. A slot that is over by then
   * would be lost. Buckets of earlier releases do not heed it.
   */
  notWithinMs?: number;
  /** How many more it expects within the next second. Tokens for them are spare ones, given only while nobody waits. */
  expect?: number;
  /** The rate that the worker read from the subscription. A bucket with another one takes the newer. */
  rate: RateLimit;
  /** `updatedAt` of the subscription the rate was read from, milliseconds. The newer rate wins. */
  rateAsOf: number;
}

/** `count` requests, the k-th not before `slots[k]`. Slots are ascending, milliseconds since the epoch. */
export interface Lease {
  slots: number[];
  /** For as many of `soon` as there were slots in time. Absent in leases of earlier releases. */
  soon?: number[];
  epoch: number;
  /** How late a slot may still be used, milliseconds. Later it is forfeited, or a late bunch would break the limit. */
  toleranceMs: number;
  /** The worker asks this bucket again not before so many milliseconds (keeps a bucket below 5 messages a second). */
  nextLeaseInMs: number;
  pausedUntil: number;
  /** The bucket's clock, by which its times were reckoned. */
  asOf?: number;
  /** Tokens that may be used at any time until then. */
  spare?: { count: number; until: number };
}
