/** The worker part of a process: activities, the Temporal worker, and what watches over deliveries. */
import type { Worker } from "@temporalio/worker";
import { WorkflowNotFoundError } from "@temporalio/client";
import { createCertificateAlarm } from "./watch/certificate-alarm.js";
import { createDeliver } from "../activities/attempt.js";
import { createEarlyAttempts, type EarlyDependencies, type EarlyTable } from "../activities/early/early-attempts.js";
import { createEndpointHealth } from "../endpoint/health.js";
import { createEventBytes } from "../activities/event-bytes.js";
import { type ActivityDependencies, createActivities } from "../activities/index.js";
import { createSubscriptionEffects } from "../activities/subscription-effects.js";
import { createBreakerGate } from "../activities/breaker/gate.js";
import { createOutcomeReports } from "../activities/breaker/outcome-reports.js";
import { createThrottle } from "../activities/pace/throttle.js";
import { createRunLeases } from "../activities/record/run-lease.js";
import { createLateRecords, LATE_AT_STOP_MS, type LateRecords } from "../activities/record/late-records.js";
import { createWorkPlaces } from "../activities/places/work-places.js";
import { SIGNAL } from "../workflows/contract.js";
import { loadBundle } from "./bundle.js";
import { tellNotice } from "../store/notices/tell-notice.js";
import type { Config } from "./config.js";
import type { Core } from "./core.js";
import { startDayKeys } from "./watch/day-keys.js";
import { createOutcomeCounts } from "../activities/notices/count-outcomes.js";
import type { PublishNotice } from "../activities/notices/tell-notices.js";
import { createFileChat } from "../activities/chat/file-chat.js";
import { createFileMail } from "../activities/mail/file-mail.js";
import { mailDeliveryOf } from "./notices/mail-delivery.js";
import { keepNotices } from "./notices/notice-keeper.js";
import { watchEndpointHealth } from "./watch/endpoint-health.js";
import { watchOverdue } from "./watch/overdue.js";
import { keepStats } from "./watch/stats-keeper.js";
import { watchWorkerReleases } from "./watch/worker-releases.js";
import { createIdleCheck, engineRetentionOf, watchRetention } from "./watch/retention.js";
import { isGone, thisProcess } from "./process/process-name.js";
import { createRefusalRecord } from "./refusals.js";
import { createWorker } from "./temporal.js";
import { HOUR_MS } from "../workflows/durations.js";

export interface RunningWorker {
  worker: Worker;
  /** Where first attempts leave right after their event was committed. */
  early?: EarlyTable;
  /** Rejects when the worker fails for good. */
  failed: Promise<never>;
  /** Lets attempts under way finish within SHUTDOWN_GRACE_SECONDS. */
  stop(): Promise<void>;
}

/** Creates and runs the worker of this process. */
export async function startWorker(core: Core, config: Config, publish: PublishNotice): Promise<RunningWorker> {
  const { link, gauge, payloadCheck } = core;
  const stopping = new AbortController();
  const releases = await watchWorkerReleases(link, core.log);
  const counts = createOutcomeCounts(core);
  const mail = mailDeliveryOf(config);
  const store = { ...core.store, deliveries: counts.counting(core.store.deliveries) };
  const sharesRetries = (): boolean => releases.allShare();
  const attempts = { ...attemptsOf({ ...core, store }, config, stopping.signal), sharesRetries };
  const early = createEarly(core, config, { ...attempts, mayBegin: () => releases.allAdopt() });
  const isIdle = createIdleCheck(link, core.store);
  const activities = createActivities({
    ...attempts,
    ...(early && { early }),
    isGone,
    gauge,
    onDispatched: (events) => core.metrics.dispatched.inc(events),
    payloadCheck,
    parkOpenDays: config.PARK_OPEN_DAYS,
    unrecorded: new Map(),
    sending: new Map(),
    unrecordedRetries: new Map(),
    recordRefusal: createRefusalRecord(core),
    ...tellingOf(core, config, { mail, publish }),
    retention: {
      ...core,
      retentionDays: config.EVENT_RETENTION_DAYS,
      engineRetentionMs: () => engineRetentionOf(link),
      isIdle,
    },
    isIdle,
    ...signallingOf(core, config),
  });
  const worker = await createWorker(link, {
    bundle: await loadBundle(),
    activities,
    shutdownGraceSeconds: config.SHUTDOWN_GRACE_SECONDS,
  });
  const running = worker.run();
  const watches = watchesOf(core, mail !== undefined);
  return {
    worker,
    ...(early && { early }),
    failed: running.then(() => new Promise<never>(() => undefined)),
    stop: async () => {
      for (const watch of watches) void watch.stop();
      stopping.abort();
      releases.stop();
      // What waits behind a slow endpoint would be sent one after the other until the time is up.
      core.sender.stopSending();
      // First attempts run in local activities, which the engine does not cancel when the time is up.
      const timeIsUp = interruptAfter(core, config);
      if (worker.getState() === "RUNNING") worker.shutdown();
      await running;
      await closeRecords({ ...attempts, early }, config);
      await attempts.reports.close();
      clearTimeout(timeIsUp);
      attempts.throttle.close();
      await counts.stop();
    },
  };
}

async function closeRecords(
  { early, lateRecords }: { early: EarlyTable | undefined; lateRecords: LateRecords },
  { SHUTDOWN_GRACE_SECONDS }: Config,
): Promise<void> {
  await early?.close(SHUTDOWN_GRACE_SECONDS * 1_000);
  await lateRecords.close(LATE_AT_STOP_MS);
}

const interruptAfter = ({ sender }: Core, { SHUTDOWN_GRACE_SECONDS }: Config): NodeJS.Timeout =>
  setTimeout(() => sender.interrupt(), SHUTDOWN_GRACE_SECONDS * 1_000);

/** What goes by the clock, beside the workflows. */
const watchesOf = (core: Core, sendsMail: boolean): { stop(): unknown }[] => [
  watchEndpointHealth(core),
  watchOverdue(core),
  startDayKeys(core),
  watchCertificates(core),
  watchRetention(core),
  keepStats(core),
  keepNotices({ ...core, ...core.link, sendsMail }),
];

/** What tells running workflows that something goes on. */
const signallingOf = (
  { link, metrics }: Core,
  config: Config,
): Pick<ActivityDependencies, "breakers" | "signalRetry"> => ({
  breakers: {
    metrics,
    disableAfterDays: config.DISABLE_AFTER_DAYS,
    signalWake: (workflowId, signal) =>
      signalled(link.client.workflow.getHandle(workflowId).signal(SIGNAL.wake, signal)),
  },
  signalRetry: (workflowId, deliveryIds, notBefore) =>
    signalled(
      link.client.workflow
        .getHandle(workflowId)
        .signal(SIGNAL.retry, { deliveryIds, by: "recovery", ...(notBefore && { notBefore }) }),
    ),
});

/** What tells of notices. Mail needs a mail server. */
const tellingOf = (
  core: Core,
  { PUBLIC_URL }: Pick<Config, "PUBLIC_URL">,
  { mail, publish }: { mail: ReturnType<typeof mailDeliveryOf>; publish: PublishNotice },
) => ({
  notices: { ...core, publish, fileChat: createFileChat(core), ...(mail && { fileMail: createFileMail(core) }) },
  ...(mail && { mail: { ...core, ...mail } }),
  chat: { ...core, publicUrl: PUBLIC_URL?.replace(/\/+$/, "") },
});

/** What makes attempts, whoever begins them. */
function attemptsOf(
  { store, catalogue, link, metrics, log, request, sockets }: Core,
  { DISPATCHES_IN_FLIGHT: dispatches, ATTEMPTS_IN_FLIGHT }: Config,
  stopping: AbortSignal,
) {
  const attempts = Math.min(ATTEMPTS_IN_FLIGHT, sockets.endpoints);
  const health = createEndpointHealth();
  const throttle = createThrottle({ client: link.client, catalogue, log });
  const reports = createOutcomeReports({ client: link.client, catalogue, log });
  const breaker = createBreakerGate({ catalogue, reports });
  return {
    reports,
    breaker,
    store,
    catalogue,
    log,
    health,
    throttle,
    stopping,
    places: createWorkPlaces({ dispatches, attempts, metrics }),
    deliver: createDeliver({ request, health, breaker, metrics, log }),
    eventBytes: createEventBytes(store),
    effects: createSubscriptionEffects({ store, catalogue, throttle, log }),
    lateRecords: createLateRecords({ log, stopping }),
    leases: createRunLeases({ runLeases: store.runLeases, process: thisProcess(), isGone, log }),
  };
}

/** First attempts leave early only where events are accepted in this process. */
function createEarly(
  { metrics }: Core,
  { ROLE, FIRST_ATTEMPT }: Config,
  attempts: Omit<EarlyDependencies, "metrics" | "process">,
): EarlyTable | undefined {
  if (ROLE !== "all" || FIRST_ATTEMPT !== "early") return undefined;
  return createEarlyAttempts({ ...attempts, metrics, process: thisProcess() });
}

async function signalled(signal: Promise<void>): Promise<boolean> {
  try {
    await signal;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

const CERTIFICATES_EVERY_MS = HOUR_MS;

function watchCertificates({ store, metrics, log }: Core): { stop(): void } {
  const look = createCertificateAlarm({
    subscriptions: () => store.subscriptions.all(),
    metrics,
    log,
    tell: (notice) => tellNotice(store, notice, log),
  });
  // If the store does not answer now, then it is asked again in an hour. The store's own trouble is logged elsewhere.
  const run = () => void look().catch(() => metrics.clientCertificateEnd.remove());
  const first = setTimeout(run, 5_000).unref();
  const timer = setInterval(run, CERTIFICATES_EVERY_MS).unref();
  return {
    stop: () => {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
