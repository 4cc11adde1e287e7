/**
 * What this process tells the breakers of endpoints. An endpoint without a failure costs no message. Once one attempt
 * has failed, all processes report, in batches, until nothing has failed for a while (`watchedUntil` of the record).
 */
import type { Client } from "@temporalio/client";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { countsAs } from "../../endpoint/health-rules.js";
import type { Attempt, Subscription } from "../../store/model.js";
import {
  BREAKER_SIGNAL,
  BREAKER_WORKFLOW,
  type BreakerInput,
  breakerStart,
  type BreakerTiming,
  type OutcomeReport,
} from "../../workflows/breaker/breaker-contract.js";
import { TASK_QUEUE } from "../../workflows/contract.js";

export interface OutcomeReports {
  note(subscription: Pick<Subscription, "id">, attempt: Attempt): void;
  /** A delivery waits for the endpoint, and no probe is ahead. */
  waits(subscriptionId: string): void;
  /** Sends what is left, and stops. */
  close(): Promise<void>;
}

export interface OutcomeReportsDependencies {
  client: Pick<Client, "workflow">;
  catalogue: Pick<Catalogue, "subscription">;
  log: Pick<Logger, "warn">;
  taskQueue?: string;
  /** For tests. */
  timing?: Partial<BreakerTiming>;
}

/** Outcomes of so much time go together: news at once, and what only confirms a healthy endpoint later. */
const NEWS_MS = 1_000;
const CONFIRMING_MS = 10_000;
/** After a failed message the batch waits for so long. */
const AGAIN_MS = 5_000;
/** The record says so late that successes are wanted. Until then this process knows by itself. */
const HOT_MS = 10_000;
/** A process says no more often than this that something waits. */
const WAITS_EVERY_MS = 10_000;
const DEADLINE_MS = 4_000;
/** Endpoints of which something is remembered. */
const MOST = 10_000;
/** The rate that an endpoint accepts is taken over this time. */
const RATE_MS = 10_000;

interface Batch extends Omit<OutcomeReport, "asOf"> {
  /** By the steady clock. */
  dueAt: number;
}

export function createOutcomeReports(dependencies: OutcomeReportsDependencies): OutcomeReports {
  const { catalogue, log } = dependencies;
  const batches = new Map<string, Batch>();
  const hot = new LRUCache<string, true>({ max: MOST, ttl: HOT_MS });
  const nudged = new LRUCache<string, true>({ max: MOST, ttl: WAITS_EVERY_MS });
  const rates = createRates();
  const send = createReportSender(dependencies);
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();

  function put(id: string, outcome: Omit<Batch, "dueAt">, inMs: number): void {
    const dueAt = performance.now() + inMs;
    const before = batches.get(id);
    if (!before && batches.size >= MOST) return;
    batches.set(id, before ? joined(before, { ...outcome, dueAt }) : { ...outcome, dueAt });
    timer ??= setInterval(() => {
      sending = flush(performance.now());
    }, NEWS_MS).unref();
  }
  async function flush(until: number): Promise<void> {
    const due = [...batches].filter(([, { dueAt }]) => dueAt <= until);
    for (const [id] of due) batches.delete(id);
    if (batches.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    await Promise.all(due.map(([id, batch]) => report(id, batch)));
  }
  async function report(id: string, { dueAt: _due, ...batch }: Batch): Promise<void> {
    const perSecond = rates.of(id);
    await send(id, { ...batch, ...(perSecond > 0 && { perSecond }), asOf: Date.now() }).catch((error: unknown) => {
      log.warn({ err: error, subscription: id }, "outcomes could not be reported to the breaker; tried again");
      put(id, batch, AGAIN_MS);
    });
  }

  return {
    note({ id }, attempt) {
      const counts = countsAs(attempt);
      if (!counts) return;
      if (counts === "success") rates.took(id);
      const { health, watchedUntil } = catalogue.subscription(id) ?? {};
      const one = nothingAt(attempt.at.getTime());
      if (counts === "failure") {
        hot.set(id, true);
        put(id, { ...one, failed: 1, trailing: 1 }, NEWS_MS);
      } else if (health || (watchedUntil?.getTime() ?? 0) > Date.now() || hot.has(id))
        put(id, { ...one, succeeded: 1 }, health ? NEWS_MS : CONFIRMING_MS);
    },
    waits(id) {
      if (nudged.has(id)) return;
      nudged.set(id, true);
      put(id, { ...nothingAt(Date.now()), waits: true }, 0);
    },
    async close() {
      clearInterval(timer);
      await sending;
      await flush(Number.POSITIVE_INFINITY);
      clearInterval(timer);
    },
  };
}

const nothingAt = (at: number): Omit<Batch, "dueAt"> => ({ from: at, to: at, succeeded: 0, failed: 0, trailing: 0 });

/** Two batches of one endpoint, the newer one second. */
const joined = (a: Batch, b: Batch): Batch => ({
  from: Math.min(a.from, b.from),
  to: Math.max(a.to, b.to),
  succeeded: a.succeeded + b.succeeded,
  failed: a.failed + b.failed,
  trailing: b.succeeded > 0 ? b.trailing : a.trailing + b.trailing,
  dueAt: Math.min(a.dueAt, b.dueAt),
  ...((a.waits ?? b.waits) && { waits: true }),
});

type Breaker = (input: BreakerInput) => Promise<void>;

function createReportSender({ client, catalogue, taskQueue = TASK_QUEUE, timing }: OutcomeReportsDependencies) {
  return async (id: string, report: OutcomeReport): Promise<void> => {
    await client.workflow.withDeadline(Date.now() + DEADLINE_MS, () =>
      client.workflow.signalWithStart<Breaker, [OutcomeReport]>(BREAKER_WORKFLOW, {
        ...breakerStart(catalogue.subscription(id) ?? { id }, timing),
        taskQueue,
        signal: BREAKER_SIGNAL.report,
        signalArgs: [report],
      }),
    );
  };
}

/** What each endpoint accepts per second, as this process sees it. */
function createRates() {
  const rates = new LRUCache<string, { from: number; count: number; perSecond: number }>({ max: MOST });
  return {
    took(id: string): void {
      const now = performance.now();
      const rate = rates.get(id);
      if (!rate) rates.set(id, { from: now, count: 1, perSecond: 0 });
      else if (now - rate.from < RATE_MS) rate.count += 1;
      else Object.assign(rate, { from: now, count: 1, perSecond: (rate.count * 1_000) / (now - rate.from) });
    },
    of: (id: string): number => Math.max(rates.get(id)?.perSecond ?? 0, 0),
  };
}
