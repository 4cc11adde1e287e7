/**
 * The pace of subscriptions in this process. It gathers the demands of all local callers of one subscription into
 * leases from its token bucket (src/workflows/token-bucket.ts). It deals the slots out in order.
 *
 * A worker asks a bucket again no sooner than the last answer allowed (`nextLeaseInMs`). Demands in between go together
 * in one message. Spare tokens out of the last lease serve light load without a message.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, WithStartWorkflowOperation } from "@temporalio/client";
import type { Logger } from "pino";
import type { Subscription } from "../../store/model.js";
import {
  bucketWorkflowId,
  GOES_FIRST,
  type Lease,
  type LeaseRequest,
  type PauseSignal,
  type RateLimit,
  SIGNAL,
  TASK_QUEUE,
  type TokenBucketInput,
  UPDATE,
  WORKFLOW,
} from "../../workflows/contract.js";
import { CLOCK_SLACK_MS } from "../../workflows/clocks.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { createSavedPauses } from "../../store/saved-pauses.js";
import { createLead, type Lead } from "./lead.js";
import { PaceLine } from "./pace-line.js";
import type { Slot, Start, TakeOptions } from "./slot.js";

/** What the throttle reads of a subscription. */
export type PacedSubscription = Pick<Subscription, "id" | "rateLimit" | "updatedAt" | "throttledUntil" | "throttledAt">;

export interface Throttle {
  /**
   * Asks for `count` requests to one subscription. Gives exactly `count` slots, ascending by time among those without a
   * reservation. Without a rate limit every slot starts now. Never rejects: when the engine does not answer, slots are
   * `later`.
   */
  take(subscription: PacedSubscription, count: number, options: TakeOptions): Promise<Slot[]>;
  /**
   * Waits until `start.at` and tells whether the request may go out now. False when the slot was missed, as a later use
   * would break the limit. False also when the rate changed or the consumer asked for a pause meanwhile. Then take a
   * new one. Call it directly before sending.
   */
  begin(subscription: PacedSubscription, start: Start): Promise<boolean>;
  /**
   * Nothing may be sent before this instant (milliseconds since the epoch, 0: no pause), as far as this process knows.
   */
  pausedUntil(subscription: PacedSubscription): number;
  /**
   * The consumer asked for quiet until `untilMs`. Holds in this process at once. With a rate limit the bucket is told
   * too. Without one the caller saves the pause with the subscription. Never rejects.
   */
  pause(subscription: PacedSubscription, untilMs: number): Promise<void>;
  /**
   * A slot so near is worth waiting for in the process, milliseconds: to sleep on a durable timer takes about as long.
   */
  worthWaitingMs(): number;
  /** Gives all who wait a `later` and asks no more. */
  close(): void;
}

export interface ThrottleDependencies {
  client: Pick<Client, "workflow">;
  /**
   * Where the newest rate is looked up, so that slots of an older one are void as soon as it is known here. It also
   * tells when a saved pause ends.
   */
  catalogue?: Pick<Catalogue, "subscription" | "pauseEnd">;
  log: Pick<Logger, "warn">;
  /** Task queue of the bucket workflows. */
  taskQueue?: string;
}

/** One lease is waited for so long, tries included. */
const LEASE_DEADLINE_MS = 4_000;
/** No start that was given out lies further ahead. If one does, then the clock went back. */
const LONGEST_START_MS = 10_000;
const LEASE_TRIES = 3;
/** A sleep shorter than this is not worth its timer. */
const SLEEP_MS = 1_000;
/** A subscription without a limit is not throttled: its slots never end. */
const UNLIMITED: Omit<Start, "at"> = { kind: "start", until: Number.MAX_SAFE_INTEGER, epoch: 0 };

/** One throttle a worker process. */
export function createThrottle({ client, catalogue, log, taskQueue = TASK_QUEUE }: ThrottleDependencies): Throttle {
  const buckets = createBuckets(client, taskQueue);
  const lead = createLead();
  const lines = createLines({ lease: buckets.lease, lead, log });
  const pauses = createPauses();
  const { endOf: pauseEnd } = catalogue ? { endOf: catalogue.pauseEnd } : createSavedPauses();

  /** The caller may have read the subscription some time ago. */
  const newest = (given: PacedSubscription): PacedSubscription => {
    const known = catalogue?.subscription(given.id);
    return known && known.updatedAt >= given.updatedAt ? known : given;
  };
  function pausedUntil(given: PacedSubscription): number {
    const subscription = newest(given);
    const { id } = subscription;
    const until = Math.max(pauses.until(id), pauseEnd(subscription), lines.pausedUntil(id));
    return until > Date.now() ? until : 0;
  }

  return {
    pausedUntil,
    async take(given, count, options) {
      const subscription = newest(given);
      const paused = pausedUntil(subscription);
      if (paused > 0) return Array.from({ length: count }, () => ({ kind: "later", dueAt: paused }));
      if (!subscription.rateLimit) return Array.from({ length: count }, () => ({ ...UNLIMITED, at: Date.now() }));
      return lines.of(subscription, subscription.rateLimit).take(count, options);
    },
    async begin(given, start) {
      // Timers may fire a millisecond early, and early is too early.
      for (let wait = start.at - Date.now(); wait > 0; wait = start.at - Date.now())
        if (wait > LONGEST_START_MS) return false;
        else await sleep(wait);
      const subscription = newest(given);
      if (pausedUntil(subscription) > 0) return false;
      const { rateLimit } = subscription;
      return !rateLimit || lines.of(subscription, rateLimit).holds(start);
    },
    async pause(given, untilMs) {
      const subscription = newest(given);
      pauses.begin(given.id, untilMs);
      // Where the bucket does not answer the pause holds here. Other processes learn it from their own 429.
      await buckets
        .pause(subscription, untilMs)
        .catch((error: unknown) =>
          log.warn({ err: error, subscription: given.id }, "the token bucket could not be told about a pause"),
        );
    },
    worthWaitingMs: () => lead.ms() + SLEEP_MS,
    close: () => lines.close(),
  };
}

/** The line of each subscription with a rate limit. */
function createLines({
  lease,
  lead,
  log,
}: Pick<ThrottleDependencies, "log"> & { lease: (id: string, request: LeaseRequest) => Promise<Lease>; lead: Lead }) {
  const lines = new Map<string, PaceLine>();
  return {
    of({ id, updatedAt }: PacedSubscription, rate: RateLimit): PaceLine {
      const rateAsOf = updatedAt.getTime();
      const known = lines.get(id);
      known?.configure(rate, rateAsOf);
      if (known) return known;
      const line = new PaceLine(rate, rateAsOf, {
        ask: (request) => lease(id, request),
        onTrouble: (error) =>
          log.warn({ err: error, subscription: id }, "no lease from the token bucket; deliveries are delayed"),
        lead,
      });
      lines.set(id, line);
      return line;
    },
    /** Milliseconds since the epoch. It may be past, and is 0 without a pause. */
    pausedUntil: (id: string): number => lines.get(id)?.pausedUntil ?? 0,
    close: () => lines.forEach((line) => line.close()),
  };
}

/** The pauses that this process knows of by itself. Their length is kept by the steady clock, as the other may jump. */
function createPauses() {
  const ends = new Map<string, { untilMs: number; steady: number }>();
  return {
    begin(id: string, untilMs: number): void {
      const before = ends.get(id);
      const steady = performance.now() + untilMs - Date.now();
      if (!before || steady > before.steady) ends.set(id, { untilMs, steady });
    },
    /** Milliseconds since the epoch. It is 0 without a pause. */
    until(id: string): number {
      const end = ends.get(id);
      const leftMs = (end?.steady ?? 0) - performance.now();
      if (end && leftMs > 0) {
        const byNow = Math.ceil(Date.now() + leftMs);
        return Math.abs(byNow - end.untilMs) > CLOCK_SLACK_MS ? byNow : end.untilMs;
      }
      ends.delete(id);
      return 0;
    },
  };
}

type TokenBucket = (input: TokenBucketInput) => Promise<void>;

/** The messages to buckets. Each starts the bucket when it does not run. */
function createBuckets(client: ThrottleDependencies["client"], taskQueue: string) {
  async function lease(id: string, request: LeaseRequest): Promise<Lease> {
    const deadline = Date.now() + LEASE_DEADLINE_MS;
    const { rate, rateAsOf } = request;
    for (let tries = 1; ; tries += 1) {
      try {
        return await client.workflow.withDeadline(deadline, () =>
          client.workflow.executeUpdateWithStart<TokenBucket, Lease, [LeaseRequest]>(UPDATE.lease, {
            args: [request],
            startWorkflowOperation: new WithStartWorkflowOperation<TokenBucket>(WORKFLOW.tokenBucket, {
              args: [{ subscriptionId: id, rate, rateAsOf }],
              workflowId: bucketWorkflowId(id),
              taskQueue,
              workflowIdConflictPolicy: "USE_EXISTING",
              priority: GOES_FIRST,
            }),
          }),
        );
      } catch (error) {
        // A bucket that ended or moved on to a new run just then refuses the update. The next try meets the new one.
        if (tries === LEASE_TRIES || Date.now() >= deadline) throw error;
        await sleep(50 * tries);
      }
    }
  }
  async function pause({ id, rateLimit, updatedAt }: PacedSubscription, untilMs: number): Promise<void> {
    if (!rateLimit) return;
    await client.workflow.withDeadline(Date.now() + LEASE_DEADLINE_MS, () =>
      client.workflow.signalWithStart<TokenBucket, [PauseSignal]>(WORKFLOW.tokenBucket, {
        args: [{ subscriptionId: id, rate: rateLimit, rateAsOf: updatedAt.getTime() }],
        workflowId: bucketWorkflowId(id),
        taskQueue,
        signal: SIGNAL.pause,
        priority: GOES_FIRST,
        signalArgs: [{ untilMs, asOf: Date.now() }],
      }),
    );
  }
  return { lease, pause };
}
