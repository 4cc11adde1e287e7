/**
 * Destroys the day keys of Temporal payloads once the histories of their day have expired. From then on, what the
 * engine's database and its backups still hold of them is unreadable.
 *
 * Two locks must both be open.
 * 1. Age. Payloads of a day are in runs that began on it or earlier. They may be in runs that began a day later, if the
 *    store was down and the last key went on. A run goes on in a new one after MAX_RUN_DAYS, at most a day late. Then
 *    it is kept for the namespace's retention.
 * 2. Nothing old in the engine. No run that began before is there any more, open or closed. Without this lock, events
 *    accepted while no worker ran for weeks would be lost. It can only delay the end of a key, so visibility's lag does
 *    no harm.
 */
import { setTimeout as delay } from "node:timers/promises";
import proto from "@temporalio/proto";
import type { Logger } from "pino";
import type { Metrics } from "../../metrics.js";
import { recordedAct } from "../../store/audit/acts.js";
import type { Store } from "../../store/store.js";
import { MAX_RUN_DAYS, WORKFLOW } from "../../workflows/contract.js";
import { thisProcess } from "../process/process-name.js";
import type { TemporalLink } from "../temporal.js";
import { DAY_MS } from "../../workflows/durations.js";

export interface DayKeysDependencies {
  store: Pick<Store, "keyring" | "audit">;
  link: Pick<TemporalLink, "connection" | "client" | "namespace">;
  metrics: Pick<Metrics, "dayKeysDestroyed" | "dayKeysHeldBack" | "ownFailures">;
  log: Pick<Logger, "info" | "warn">;
  now?: () => number;
}

/** The result of one look. Days are `yyyy-mm-dd`. */
export interface DayKeysResult {
  destroyed: string[];
  /** Due by age, but kept. */
  heldBack: string[];
  why?: "archival" | "old runs";
}

/**
 * The last payloads of a day may be sealed a day later (when the store is down). A run sleeps a day at most past its
 * age. One more day is for clocks and lag.
 */
const MARGIN_DAYS = 3;
const { ARCHIVAL_STATE_ENABLED } = proto.temporal.api.enums.v1.ArchivalState;

/**
 * Destroys every day key that is due. Idempotent, and several processes may do it at once. Rejects when engine or store
 * do not answer.
 */
export async function destroyExpiredDayKeys(dependencies: DayKeysDependencies): Promise<DayKeysResult> {
  const { store, link, metrics, now = Date.now } = dependencies;
  const { archival, retentionMs } = await namespaceOf(link);
  const days = await store.keyring.livingDays();
  const due = [...new Set(days)].filter(
    (day) => now() > Date.parse(day) + (1 + MAX_RUN_DAYS + MARGIN_DAYS) * DAY_MS + retentionMs,
  );
  const result: DayKeysResult = {
    destroyed: [],
    heldBack: archival ? due : [],
    ...(archival && due.length > 0 && { why: "archival" as const }),
  };
  for (const [index, day] of archival ? [] : due.entries()) {
    // If the engine has runs that are too old for this day, then it has them for every later day.
    if (await olderRunsThan(link, Date.parse(day) + 2 * DAY_MS)) {
      Object.assign(result, { heldBack: due.slice(index), why: "old runs" });
      break;
    }
    const subject = `temporal/${day}` as const;
    await recordedAct(
      store.audit,
      {
        actor: "service",
        subject,
        operation: "destroyDayKey",
        write: "keyring.destroy",
        target: subject,
        process: thisProcess(),
      },
      async () => {
        if (!(await store.keyring.destroy(subject))) return undefined;
        result.destroyed.push(day);
        return { action: "day_key.destroy", subject };
      },
    );
  }
  metrics.dayKeysDestroyed.inc(result.destroyed.length);
  metrics.dayKeysHeldBack.set(result.heldBack.length);
  report(dependencies, result);
  return result;
}

async function namespaceOf({
  connection,
  namespace,
}: DayKeysDependencies["link"]): Promise<{ archival: boolean; retentionMs: number }> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? Number.NaN);
  // Without a retention nothing ever expires. NaN makes no key due.
  return {
    archival: config?.historyArchivalState === ARCHIVAL_STATE_ENABLED,
    retentionMs: seconds > 0 ? seconds * 1_000 : Number.NaN,
  };
}

async function olderRunsThan({ client }: DayKeysDependencies["link"], time: number): Promise<boolean> {
  const types = Object.values(WORKFLOW)
    .map((name) => `'${name}'`)
    .join(", ");
  const { count } = await client.workflow.count(
    `WorkflowType IN (${types}) AND StartTime < '${new Date(time).toISOString()}'`,
  );
  return count > 0;
}

function report({ log }: DayKeysDependencies, { destroyed, heldBack, why }: DayKeysResult): void {
  if (destroyed.length > 0)
    log.info({ days: destroyed }, "day keys of Temporal payloads destroyed: their histories have expired");
  if (why === "archival")
    log.warn(
      { days: heldBack },
      "day keys are kept: the namespace archives histories, which nobody could read any more",
    );
  if (why === "old runs")
    log.warn(
      { days: heldBack },
      "day keys are kept: runs that began before are still in the engine (see docs/operations/runbook/parts.md)",
    );
}

/** Looks once some minutes after the start and then daily, each process at its own time. */
export function startDayKeys(dependencies: DayKeysDependencies): { stop(): void } {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    for (let wait = (5 + 10 * Math.random()) * 60_000; ; wait = DAY_MS * (0.9 + 0.2 * Math.random())) {
      await delay(wait, undefined, { ref: false, signal: stopping.signal });
      await destroyExpiredDayKeys(dependencies).catch((error: unknown) => {
        dependencies.metrics.ownFailures.inc({ part: "day-keys" });
        dependencies.metrics.dayKeysHeldBack.remove();
        dependencies.log.warn({ err: error }, "day keys could not be looked at; tried again tomorrow");
      });
    }
  };
  loop().catch(() => undefined);
  return { stop: () => stopping.abort() };
}
