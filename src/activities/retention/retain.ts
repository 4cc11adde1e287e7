/** The activities behind the workflow `retention`. */
import { activityInfo, heartbeat } from "@temporalio/activity";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Metrics } from "../../metrics.js";
import type { SweepOrder } from "../../store/retention/retention-store.js";
import type { Store } from "../../store/store.js";
import type { RetentionActivities, RetentionStep } from "../../workflows/retention/retention-contract.js";
import { cutoffsOf } from "./cutoffs.js";

export interface RetentionDependencies {
  store: Pick<Store, "retention" | "audit">;
  catalogue: Pick<Catalogue, "refresh" | "apis">;
  metrics: Pick<Metrics, "retentionRemoved" | "retentionRuns">;
  log: Pick<Logger, "info">;
  /** `EVENT_RETENTION_DAYS`. */
  retentionDays: number | undefined;
  /** For how long the engine keeps histories, milliseconds. */
  engineRetentionMs: () => Promise<number>;
  isIdle: SweepOrder["isIdle"];
  now?: () => number;
}

/** Pages in one step. What a step that is lost with its process has removed is counted by nobody, so it is short. */
const PAGES = 10;
/** Well below the minute after which the engine takes the activity for lost. */
const HEARTBEAT_MS = 10_000;

export function createRetention(dependencies: RetentionDependencies): RetentionActivities {
  const { store, catalogue, metrics, log, retentionDays, engineRetentionMs, isIdle, now = Date.now } = dependencies;

  async function sweepSome(after: RetentionStep["next"]): Promise<RetentionStep> {
    const step: RetentionStep = { events: {}, deliveries: 0, open: 0, held: 0 };
    await catalogue.refresh();
    const rules = { retentionDays, apis: catalogue.apis(), engineRetentionMs: await engineRetentionMs(), now: now() };
    const cutoffs = cutoffsOf(rules);
    if (!cutoffs) return step;
    let cursor = after;
    for (let pages = 0; pages < PAGES; pages++) {
      const { events, deliveries, open, held, next } = await store.retention.sweep({ cutoffs, after: cursor, isIdle });
      for (const [apiId, removed] of events) step.events[apiId] = (step.events[apiId] ?? 0) + removed;
      step.deliveries += deliveries;
      step.open += open;
      step.held += held;
      metrics.retentionRemoved.inc({ kind: "events" }, sumOf([...events.values()]));
      metrics.retentionRemoved.inc({ kind: "deliveries" }, deliveries);
      cursor = next;
      if (cursor === undefined) return step;
    }
    return { ...step, ...(cursor !== undefined && { next: cursor }) };
  }

  return {
    async retentionStep({ after }) {
      const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
      const step = await sweepSome(after).finally(() => clearInterval(beat));
      return activityInfo().attempt > 1 ? { ...step, atLeast: true } : step;
    },
    async recordRetention({ run, count: { events, deliveries, open, held, atLeast } }) {
      metrics.retentionRuns.inc();
      const removed = sumOf(Object.values(events));
      if (removed === 0 && !atLeast) return;
      log.info({ run, events: removed, deliveries, open, held }, "events removed by their age");
      await store.audit.append({
        actor: "service",
        action: "retention.run",
        subject: "events",
        detail: { run, events: removed, deliveries, apis: events, open, held, ...(atLeast && { atLeast }) },
      });
    },
  };
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
