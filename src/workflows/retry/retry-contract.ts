/** What `retryDelivery` is given and told: deliveries that need time, and what somebody asks for them. */

/** Statuses of a delivery. */
export const DELIVERY_STATUSES = [
  "pending",
  "delivered",
  "retrying",
  "throttled",
  "held",
  "parked",
  "exhausted",
  "cancelled",
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Statuses in which nothing happens any more unless somebody asks for it. */
export const SETTLED_STATUSES: readonly DeliveryStatus[] = ["delivered", "exhausted", "cancelled"];

/** One delivery in the care of `retryDelivery`. */
export interface RetryItem {
  /** `<event id, escaped>.<subscription id>`. */
  deliveryId: string;
  eventId: string;
  eventType: string;
  status: DeliveryStatus;
  /** Attempts made so far. */
  attempts: number;
  /** Attempts made when the current schedule began. A manual retry starts the schedule afresh. */
  scheduleBase: number;
  /** When to go on, milliseconds since the epoch. Without it the item goes on when told to. */
  dueAt?: number;
  /**
   * Not to be sent before this instant, milliseconds since the epoch. It counts only where no rate limit paces the
   * subscription.
   */
  notBefore?: number;
  /** Slot reserved with the token bucket, and the bucket's epoch that makes it valid. */
  reservation?: Reservation;
  /** Why it stands where it stands, in plain words, without payload or secret. */
  reason?: string;
  /** When it was parked, held or exhausted. */
  since?: number;
  /** The workflow that looks after it instead of this one: somebody asked for it again, and was heard there. */
  takenBy?: string;
  /**
   * The breaker of its subscription lets it go, though others wait. `probe`: to see whether the endpoint answers.
   * `release`: it is its turn. It counts for one attempt.
   */
  pass?: BreakerPass;
  /** Somebody asked for the next attempt: its record may lead out of a settled status. */
  asked?: true;
  /**
   * Somebody else may have made an attempt by the time that this is looked after. Another process had begun one, or a
   * person asked for one. The record is read before anything is sent.
   */
  unsure?: true;
}

export type BreakerPass = "probe" | "release";

/** A reserved start time in a token bucket. */
export interface Reservation {
  /** Milliseconds since the epoch. */
  at: number;
  /** The bucket's epoch. A changed rate or a pause raises it and makes older reservations void. */
  epoch: number;
  /** So long before `at` it is woken, milliseconds. Absent in reservations of earlier releases. */
  leadMs?: number;
}

/** Deliveries of one subscription. */
export interface SubscriptionItems {
  subscriptionId: string;
  groupId: string;
  items: RetryItem[];
}

export interface RetryDeliveryInput extends SubscriptionItems {
  /** Deliveries of further subscriptions, each at its own pace. Absent: there are none. */
  others?: SubscriptionItems[];
  /**
   * The line that names the workflow in the Temporal UI, for instance `payments.invoice.paid → Acme Bank`. It holds
   * nothing secret.
   */
  summary?: string;
  /** How long parked deliveries keep the workflow open, days. */
  parkOpenDays: number;
  /** The clock of the worker that handed the deliveries over, by which their times were reckoned. */
  asOf?: number;
  /** Age at which a run goes on in a new one, milliseconds. By default it is MAX_RUN_DAYS. */
  maxRunMs?: number;
}

/**
 * Argument of the signals `retry` and `cancel` of `retryDelivery`. Without ids it means every waiting delivery in it,
 * or those of one subscription.
 */
export interface RetrySignal {
  deliveryIds?: string[];
  /** Only deliveries of this subscription. */
  subscriptionId?: string;
  /** Who asked, for the record. */
  by?: string;
  /** For each of `deliveryIds`, not before this instant (milliseconds since the epoch): a recovery keeps its pace. */
  notBefore?: number[];
}
export interface CancelSignal {
  deliveryIds?: string[];
  /** Only deliveries of this subscription. */
  subscriptionId?: string;
  by?: string;
  reason?: string;
}

/** Argument of the signal `wake` of `retryDelivery`. Without it every subscription is meant. */
export interface WakeSignal {
  /** The subscription that changed. */
  subscriptionId?: string;
  /** Only these deliveries: the breaker lets them go. */
  deliveryIds?: string[];
  /** For each of `deliveryIds`, not before this instant (milliseconds since the epoch). */
  notBefore?: number[];
  /** The worker's clock, by which these were reckoned. */
  asOf?: number;
  pass?: BreakerPass;
}
