/** The schedule of the workflow `retention`, what it asks of the engine, and the age of the oldest event. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import type { Metrics } from "../../metrics.js";
import { sideBySide } from "../../side-by-side.js";
import type { SweepOrder } from "../../store/retention/retention-store.js";
import type { Store } from "../../store/store.js";
import { TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";
import { DAY_MS, MINUTE_MS } from "../../workflows/durations.js";
import { ConfigError } from "../config.js";
import type { TemporalLink } from "../temporal.js";

/** Found under this id in the Temporal UI, where it can be paused. */
export const RETENTION_SCHEDULE = "sealpost-retention";

/** Questions to the engine at once. */
const ASKED_TOGETHER = 8;
const ASK_DEADLINE_MS = 10_000;
const LOOK_EVERY_MS = MINUTE_MS;

/** For how long the namespace keeps histories, milliseconds. 0 when it does not say. */
export async function engineRetentionOf({
  connection,
  namespace,
}: Pick<TemporalLink, "connection" | "namespace">): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
}

/** @throws ConfigError when events would be removed before the histories that delivered them */
export function refuseShortRetention(
  days: number | undefined,
  { engineRetentionMs, namespace }: { engineRetentionMs: number; namespace: string },
): void {
  if (days === undefined || days * DAY_MS >= engineRetentionMs) return;
  const least = Math.ceil(engineRetentionMs / DAY_MS);
  throw new ConfigError(
    "EVENT_RETENTION_DAYS",
    `EVENT_RETENTION_DAYS is ${days}, but the Temporal namespace ${namespace} keeps histories for ${least} days: ` +
      `set EVENT_RETENTION_DAYS to ${least} or more, or shorten the retention of the namespace ` +
      `(temporal operator namespace update --namespace ${namespace} --retention ${days}d).`,
  );
}

/**
 * For how long the engine keeps histories, milliseconds. @throws ConfigError when the setting is shorter, or when it
 * cannot be compared
 */
export async function checkRetention(
  link: Pick<TemporalLink, "connection" | "namespace">,
  days: number | undefined,
): Promise<number> {
  const { namespace } = link;
  const engineRetentionMs = await engineRetentionOf(link).catch((error: unknown) => {
    if (days === undefined) return 0;
    throw new ConfigError(
      "EVENT_RETENTION_DAYS",
      `EVENT_RETENTION_DAYS needs the retention of the Temporal namespace ${namespace}, which cannot be read ` +
        `(${error instanceof Error ? error.message : String(error)}): let this account describe the namespace.`,
    );
  });
  refuseShortRetention(days, { engineRetentionMs, namespace });
  return engineRetentionMs;
}

/** Which of these workflows have ended before the instant. One that the engine does not know any more has. */
export function createIdleCheck(
  { client }: Pick<TemporalLink, "client">,
  store: Pick<Store, "owners">,
): SweepOrder["isIdle"] {
  async function hasEnded(workflowId: string, before: Date): Promise<boolean> {
    try {
      const { status, closeTime } = await client.withDeadline(Date.now() + ASK_DEADLINE_MS, () =>
        client.workflow.getHandle(workflowId).describe(),
      );
      // A dispatch in pages ends before its pages do.
      return status.name !== "RUNNING" && (closeTime === undefined || closeTime < before);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  }
  return async (workflows, before) => {
    // What a process has accepted and not started yet has no workflow either.
    const announced = new Set((await store.owners.all()).flatMap(({ open }) => open));
    const idle = new Set<string>();
    const asked = [...workflows].filter((id) => !announced.has(id));
    await sideBySide(ASKED_TOGETHER, asked, async (id) => {
      if (await hasEnded(id, before)) idle.add(id);
    });
    return idle;
  };
}

/** Makes the schedule, unless it is there. One that somebody has paused stays paused. */
export async function ensureRetentionSchedule({ client }: Pick<TemporalLink, "client">): Promise<void> {
  await client.schedule
    .create({
      scheduleId: RETENTION_SCHEDULE,
      spec: { intervals: [{ every: "1 hour" }], jitter: "10 minutes" },
      action: { type: "startWorkflow", workflowType: WORKFLOW.retention, taskQueue: TASK_QUEUE, args: [] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: "1 hour" },
    })
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    });
}

interface RetentionWatch {
  store: Pick<Store, "retention">;
  link: Pick<TemporalLink, "client">;
  metrics: Pick<Metrics, "oldestEvent" | "ownFailures">;
  log: Pick<Logger, "warn">;
}

/** Makes the schedule, again and again until it is there, and shows since when events are kept. */
export function watchRetention({ store, link, metrics, log }: RetentionWatch): { stop(): void } {
  let isScheduled = false;
  const schedule = async (): Promise<void> => {
    if (isScheduled) return;
    try {
      await ensureRetentionSchedule(link);
      isScheduled = true;
    } catch (error) {
      metrics.ownFailures.inc({ part: "retention" });
      log.warn({ err: error }, "the schedule of the retention could not be made; tried again in a minute");
    }
  };
  const show = async (): Promise<void> => {
    try {
      const oldest = await store.retention.oldest();
      metrics.oldestEvent.set(oldest ? oldest.getTime() / 1_000 : 0);
    } catch {
      metrics.oldestEvent.remove();
    }
  };
  const look = async (): Promise<void> => {
    await schedule();
    await show();
  };
  const clock = byTheClock(LOOK_EVERY_MS, look, { atOnce: true });
  return { stop: () => void clock.stop() };
}
