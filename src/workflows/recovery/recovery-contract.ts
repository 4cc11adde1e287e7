/** What the workflow `recovery` takes, keeps and tells. Plain data, like contract.ts. */
import type { DeliveryStatus, RetryDeliveryInput } from "../contract.js";

/**
 * Which deliveries are sent again. With the mode `missing`: which events the subscription should have had and has no
 * delivery of.
 */
export interface RecoveryFilter {
  mode?: "missing";
  subscriptionId?: string;
  groupId?: string;
  eventType?: string;
  status?: DeliveryStatus[];
  /** Created at or after `since` and before `until`, in milliseconds since the epoch. */
  since?: number;
  until?: number;
}

/** Oldest first or newest first. */
export const RECOVERY_ORDERS = ["asc", "desc"] as const;
export type RecoveryOrder = (typeof RECOVERY_ORDERS)[number];

/**
 * Subscriptions that one recovery sends to at the same time. Each costs the engine some workflow tasks every two
 * seconds.
 */
export const LANES_AT_ONCE = 8;

/** Why a delivery that the filter names is not sent again. */
export const SKIP_REASONS = [
  "changed",
  "erased",
  "filtered",
  "not_granted",
  "not_subscribed",
  "subscription_deleted",
  "subscription_not_in_service",
  "under_way",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/**
 * How far a recovery is. `found` = sent + skipped + what waits for its turn. `sent` = delivered + failed again + what
 * is still under way.
 */
export interface RecoveryProgress {
  /** Read so far. */
  found: number;
  /** Handed over: told to the workflow that looks after the delivery, or given one. */
  sent: number;
  delivered: number;
  /**
   * The attempt after that failed: parked, exhausted, cancelled, or tried again later by the subscription's schedule.
   */
  failedAgain: number;
  skipped: Partial<Record<SkipReason, number>>;
}
/** Progress as recoveries of the first release counted it. */
export interface UnpacedProgress {
  found: number;
  resent: number;
}

export const noProgress = (): RecoveryProgress => ({ found: 0, sent: 0, delivered: 0, failedAgain: 0, skipped: {} });

/** Progress in today's form, whoever counted it. */
export const progressOf = (given: RecoveryProgress | UnpacedProgress): RecoveryProgress =>
  "resent" in given ? { ...noProgress(), found: given.found, sent: given.resent } : given;

/** `waiting`, `refused` and `expired`: a second person has not released it, or will not. No workflow has begun then. */
export const RECOVERY_STATUSES = [
  "waiting",
  "running",
  "paused",
  "done",
  "cancelled",
  "refused",
  "expired",
  "failed",
] as const;
export type RecoveryStatus = (typeof RECOVERY_STATUSES)[number];

export interface RecoveryInput {
  recoveryId: string;
  filter: RecoveryFilter;
  parkOpenDays: number;
  /** Deliveries a second to one subscription. It lowers the subscription's own rate and never raises it. */
  ratePerSecond?: number;
  /** Newest first when absent, as in earlier releases. */
  order?: RecoveryOrder;
  progress?: RecoveryProgress | UnpacedProgress;
  /** Where an earlier run of the first release stopped: a cursor over all subscriptions. */
  cursor?: string;
  /** Pages done by earlier runs of the first release. */
  pagesDone?: number;
  /** State handed over by continue-as-new. */
  state?: RecoveryState;
  /** Age at which a run goes on in a new one, milliseconds. By default it is MAX_RUN_DAYS. */
  maxRunMs?: number;
}

export interface RecoveryState {
  /** Subscriptions whose turn has not come. */
  waiting: string[];
  /** Subscriptions that are sent to now, side by side. */
  lanes: RecoveryLane[];
  paused: boolean;
  cancelledBy?: string;
}

/** A delivery with the number of its attempts when the recovery met it. */
export interface MetDelivery {
  id: string;
  attempts: number;
}

/** The part of a recovery that goes to one subscription, at that subscription's pace. */
export interface RecoveryLane {
  subscriptionId: string;
  /** Of the next page. */
  cursor?: string;
  /** Every page has been read. */
  readAll: boolean;
  /** Read and not handed over. */
  queue: MetDelivery[];
  /** Handed over, result not known yet. */
  watch: WatchedDelivery[];
  /** Deliveries a second. */
  perSecond: number;
  /** Before this instant nothing more is sent, milliseconds since the epoch. */
  nextAt: number;
  /**
   * Live traffic of the subscription waits: half the pace. When that is looked at next, milliseconds since the epoch.
   */
  liveWaits: boolean;
  lookAt: number;
  /** Hand-overs so far. The number makes ids of `retryDelivery` unique. */
  step: number;
  /** When a result came last, milliseconds since the epoch. */
  newsAt: number;
}
export interface WatchedDelivery extends MetDelivery {
  /** When it was handed over, milliseconds since the epoch. */
  at: number;
}

/** One step of a lane: look at what was handed over, hand over some more. */
export interface RecoveryStepInput {
  subscriptionId: string;
  statuses: DeliveryStatus[];
  /** They have no records yet: events that the subscription has no delivery of. */
  missing?: true;
  /** Id of the `retryDelivery` for those that no open workflow looks after. */
  workflowId: string;
  parkOpenDays: number;
  /** To be handed over, each to be sent not before its instant. */
  send: (MetDelivery & { notBefore: number })[];
  watch: WatchedDelivery[];
  /** Look whether live traffic waits. */
  look: boolean;
}
export interface RecoveryStep {
  /** The `retryDelivery` to start. */
  retry?: RetryDeliveryInput;
  sent: WatchedDelivery[];
  skipped: Partial<Record<SkipReason, number>>;
  /** What became of those that were watched. The others are watched on. */
  delivered: number;
  failedAgain: number;
  watch: WatchedDelivery[];
  perSecond: number;
  /** Absent when it was not looked at. `tookMs`: what looking cost. */
  live?: { waits: boolean; tookMs: number };
}

/** Argument of the signals `pause`, `resume` and `cancel`. */
export interface RecoverySignal {
  /** Who asked, for the record. */
  by?: string;
}

/**
 * The activities of a recovery as its workflow sees them. All of them are regular ones, implemented in src/activities.
 */
export interface RecoveryActivities {
  /** Ids of the subscriptions of which the filter names deliveries. */
  recoverySubscriptions(input: { filter: RecoveryFilter }): Promise<string[]>;
  /** The next page of one subscription. */
  recoveryPage(input: {
    filter: RecoveryFilter;
    subscriptionId: string;
    cursor?: string;
    order?: RecoveryOrder;
  }): Promise<{ deliveries: MetDelivery[]; cursor?: string; perSecond: number }>;
  recoveryStep(input: RecoveryStepInput): Promise<RecoveryStep>;
  /** Writes down how far it is. A status that ends a recovery is never taken back. */
  recordRecovery(input: {
    recoveryId: string;
    progress: RecoveryProgress | UnpacedProgress;
    status: RecoveryStatus;
    error?: string;
  }): Promise<void>;
  /** Of the first release: the next page over all subscriptions, all of it handed over at once. */
  recoverPage(input: RecoveryInput): Promise<{ retries: RetryDeliveryInput[]; cursor?: string; found: number }>;
}
