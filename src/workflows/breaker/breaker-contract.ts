/** The contract of the workflow `breaker`: its input, its signals and its activities. Plain data only. */
import { GOES_FIRST } from "../token-bucket-contract.js";

/** Starts with the first failure of a healthy endpoint, and ends once it is healthy again. */
export interface BreakerInput {
  subscriptionId: string;
  /** What the record said when it was started, if anything. A breaker that was open stays open. */
  adopted?: { state: string; since: number };
  timing?: Partial<BreakerTiming>;
  /** State handed over by continue-as-new. */
  state?: BreakerState;
  /** Age at which a run goes on in a new one, milliseconds. By default it is MAX_RUN_DAYS. */
  maxRunMs?: number;
}

/** Lengths of time, milliseconds. Tests make them short. */
export interface BreakerTiming {
  /** Between two probes at first, and at most: each one that fails doubles it. */
  probeMs: number;
  maxProbeMs: number;
  /** The rate after closing doubles each time that so much has passed. */
  rampMs: number;
  /** What waits is released for so long at a time. */
  tickMs: number;
  /** Of this time the rates are. */
  windowMs: number;
  /** So long a run of failures must last before it opens the breaker. */
  runMs: number;
  /** So long most attempts must fail before their rate opens it. Absent in a run of an earlier release: no time. */
  lastsMs?: number;
  /** A changed record is known to every process after this time at the latest. */
  knownMs: number;
  dayMs: number;
}

/** What one process has seen of an endpoint since its last report. */
export interface OutcomeReport {
  /** When the first and the last of these attempts began, milliseconds since the epoch. */
  from: number;
  to: number;
  succeeded: number;
  failed: number;
  /** Failures after the last success. */
  trailing: number;
  /** What the endpoint accepted per second when it was well, as this process saw it. */
  perSecond?: number;
  /** A delivery waits for the endpoint, and no probe is due. */
  waits?: true;
  /** The sender's clock. */
  asOf: number;
}

export interface Slice {
  at: number;
  /** When the last of its attempts began. Absent in a run of an earlier release, and where it is the same. */
  until?: number;
  succeeded: number;
  failed: number;
}

/** Failures since the last success. */
export interface FailureRun {
  since: number;
  last: number;
  failed: number;
  /** On so many days of the run an attempt failed. `lastDay` is the newest of them, counted from `since`. */
  days: number;
  lastDay: number;
}

export type BreakerPhase =
  | { kind: "closed"; since: number; degraded?: string }
  | {
      kind: "open";
      reason: string;
      openedAt: number;
      intervalMs: number;
      /** Absent: nothing waits, so the next delivery is the probe. */
      nextProbeAt?: number;
      probes: number;
      successes: number;
      /** Deliveries that were sent as a probe and are still waiting. Others go first. */
      tried: string[];
      /** Warnings that were told: at half of the time, and one day before the end of it. */
      warned: number;
    }
  | { kind: "recovering"; since: number; failures: number; openedAt: number }
  | { kind: "disabled"; reason: string };

/** What waited is released, oldest first. */
export interface WaitingRelease {
  /** When the slow start began, and the rate per second that it began with and ends at. */
  since: number;
  from: number;
  full: number;
  /** The rate limit of the subscription bounds it for good. */
  limited: boolean;
  nextAt: number;
  /** Where the pass over the waiting deliveries stands, and when it began. */
  cursor?: string;
  passAt: number;
}

export interface BreakerState {
  timing: BreakerTiming;
  window: Slice[];
  run?: FailureRun;
  phase: BreakerPhase;
  drain?: WaitingRelease;
  /** What the endpoint accepted per second when it was well. */
  perSecond: number;
  /** What is allowed per second. Absent: there is no rate limit. */
  limit?: number;
  /** 0: never. Absent: not known yet. */
  disableAfterMs?: number;
  /** What the record was told last. */
  told?: HealthNote;
  /** Until then the record asks every process for reports. */
  watchedUntil: number;
  warning?: "half" | "last_day";
}

/** The health as it goes into the record. Times are milliseconds since the epoch. */
export interface HealthNote {
  state: "healthy" | "degraded" | "failing" | "recovering" | "disabled";
  since: number;
  reason?: string;
  nextProbeAt?: number;
  disablesAt?: number;
  breaker?: { state: "open" | "half_open"; openedAt: number; probes: number; successes: number };
}

export const breakerWorkflowId = (subscriptionId: string): string => `breaker/${subscriptionId}`;
/** The input of a breaker that does not run. It takes over what the record says. */
export const breakerInput = (
  { id, health }: { id: string; health?: { state: string; since: Date } },
  timing?: Partial<BreakerTiming>,
): BreakerInput => ({
  subscriptionId: id,
  ...(health && { adopted: { state: health.state, since: health.since.getTime() } }),
  ...(timing && { timing }),
});

export const BREAKER_WORKFLOW = "breaker";
/** How a breaker is started, whatever signal starts it. */
export const breakerStart = (...given: Parameters<typeof breakerInput>) => ({
  args: [breakerInput(...given)] as [BreakerInput],
  workflowId: breakerWorkflowId(given[0].id),
  priority: GOES_FIRST,
});
export const BREAKER_SIGNAL = {
  /** A process tells the outcomes of its attempts. */
  report: "report",
  /** The next probe goes now. */
  probe: "probe",
} as const;

/** What the activities tell of the subscription. `gone`: it was deleted, or is out of service for another reason. */
export interface BreakerFacts {
  gone?: true;
  limit?: number;
  disableAfterMs: number;
}

export interface TellHealthOrder {
  subscriptionId: string;
  note: HealthNote;
  before: HealthNote["state"];
  /** Absent: no process needs to report. */
  watchedUntil?: number;
  warning?: "half" | "last_day";
}

export interface ReleaseOrder {
  subscriptionId: string;
  /** At most so many, spread over this time. */
  count: number;
  overMs: number;
  cursor?: string;
}

/** Without `deliveryId` nothing waits, or the consumer has asked for a pause. */
export interface ProbeResult {
  deliveryId?: string;
  pausedUntil?: number;
  /** The worker's clock, by which the end of the pause was reckoned. */
  asOf?: number;
}

export interface BreakerActivities {
  /** Writes the health into the record, and tells what changed. */
  tellHealth(order: TellHealthOrder): Promise<BreakerFacts>;
  /** Sends the oldest waiting delivery, those of `tried` last. */
  probeEndpoint(order: { subscriptionId: string; tried: string[] }): Promise<BreakerFacts & ProbeResult>;
  /** Lets some waiting deliveries go. Without a cursor there are no more. */
  releaseWaiting(order: ReleaseOrder): Promise<BreakerFacts & { released: number; cursor?: string }>;
}
