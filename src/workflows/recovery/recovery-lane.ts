/** One subscription's part of a recovery: reads page by page and hands over at the subscription's pace. */
import { condition, proxyActivities } from "@temporalio/workflow";
import { startRetry } from "../deliver-event.js";
import type {
  RecoveryActivities,
  RecoveryInput,
  RecoveryLane,
  RecoveryProgress,
  RecoveryStep,
} from "./recovery-contract.js";
import { DAY_MS, HOUR_MS } from "../durations.js";

/** Failures of our own (store down, worker killed) only delay. A step that got somewhere is told so by the records. */
const { recoveryPage, recoveryStep } = proxyActivities<Pick<RecoveryActivities, "recoveryPage" | "recoveryStep">>({
  startToCloseTimeout: "30 seconds",
  retry: { initialInterval: "500 milliseconds", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/**
 * A hand-over carries what goes out in so many seconds, at most MAX_BATCH: what a pause or a cancel can no longer stop.
 */
const BATCH_SECONDS = 2;
const MAX_BATCH = 100;
/** Most deliveries handed over whose result is not known, in batches: an endpoint that hangs gets no more. */
const BATCHES_OUT = 4;
/** Handed over so long before its time: the engine needs some 200 ms to start what sends it. */
const LEAD_MS = 500;
/** Results are looked at so often, less and less while nothing comes. */
const LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 10_000;
/**
 * After so long without any result it waits no longer. What is open then goes on by itself. After a cancel somebody
 * waits for the end.
 */
const PATIENCE_MS = 15 * 60_000;
const PATIENCE_CANCELLED_MS = 20_000;
/**
 * What has no result for so long (a pause that the consumer asked for, a workflow ended by hand) no longer holds up the
 * rest.
 */
const WATCHED_MS = HOUR_MS;
/** Part of the time that may be spent on looking for live traffic: the embedded store scans for it. */
const LOOK_SHARE = 20;

/** What the lanes of one run have in common. */
export interface RecoveryRun {
  readonly input: RecoveryInput;
  readonly progress: RecoveryProgress;
  paused: boolean;
  cancelledBy: string | undefined;
  /** The workflow goes on in a new run: lanes stop where they are. */
  leaving: boolean;
  /** Raised by every signal and every change of the progress. */
  news: number;
}

export const newLane = (subscriptionId: string, cursor?: string): RecoveryLane => ({
  subscriptionId,
  ...(cursor !== undefined && { cursor }),
  readAll: false,
  queue: [],
  watch: [],
  perSecond: 1,
  nextAt: 0,
  liveWaits: false,
  lookAt: 0,
  step: 0,
  newsAt: 0,
});

/** Resolves with true when the lane is done, with false when the run leaves it where it is. */
export async function runLane(run: RecoveryRun, lane: RecoveryLane): Promise<boolean> {
  let lookMs = LOOK_MS;
  for (;;) {
    if (run.leaving) return false;
    const sending = run.cancelledBy === undefined && !run.paused;
    if (sending && lane.queue.length === 0 && !lane.readAll) await readPage(run, lane);
    const count = sending && Date.now() >= lane.nextAt - LEAD_MS ? sizeOf(lane) : 0;
    if (count > 0 || lane.watch.length > 0) {
      const moved = await takeStep(run, lane, count);
      lookMs = moved ? LOOK_MS : Math.min(lookMs * 1.5, LONGEST_LOOK_MS);
    }
    if (isDone(run, lane)) return true;
    const seen = control(run);
    await condition(() => control(run) !== seen, waitOf(run, lane, lookMs));
  }
}

function isDone({ cancelledBy }: RecoveryRun, { queue, readAll, watch, newsAt }: RecoveryLane): boolean {
  const ended = cancelledBy !== undefined;
  if (!ended && (queue.length > 0 || !readAll)) return false;
  return watch.length === 0 || Date.now() - newsAt > (ended ? PATIENCE_CANCELLED_MS : PATIENCE_MS);
}

/** Changes with everything that somebody asks of the run. */
const control = ({ paused, cancelledBy, leaving }: RecoveryRun): string =>
  `${paused}/${cancelledBy !== undefined}/${leaving}`;

/** Half of the subscription's pace is left to live traffic while any waits. */
const paceOf = ({ perSecond, liveWaits }: RecoveryLane): number => (liveWaits ? perSecond / 2 : perSecond);

/** The subscription's own pace, or the lower one that the recovery was given. */
const lowered = ({ input: { ratePerSecond = Infinity } }: RecoveryRun, perSecond: number): number =>
  Math.min(perSecond, ratePerSecond);

function sizeOf(lane: RecoveryLane): number {
  const batch = Math.max(1, Math.min(MAX_BATCH, Math.round(paceOf(lane) * BATCH_SECONDS)));
  return Math.max(0, Math.min(batch, lane.queue.length, batch * BATCHES_OUT - lane.watch.length));
}

function waitOf(run: RecoveryRun, lane: RecoveryLane, lookMs: number): number {
  const sending = !run.paused && run.cancelledBy === undefined;
  const untilDue = !sending
    ? // In a pause nothing is looked at, and no history grows.
      DAY_MS
    : lane.queue.length === 0 && !lane.readAll
      ? 0
      : sizeOf(lane) > 0
        ? lane.nextAt - LEAD_MS - Date.now()
        : DAY_MS;
  const looking = lane.watch.length > 0 && (sending || Date.now() - lane.newsAt <= PATIENCE_MS);
  return Math.max(1, Math.min(untilDue, looking ? lookMs : DAY_MS));
}

async function readPage(run: RecoveryRun, lane: RecoveryLane): Promise<void> {
  const { subscriptionId, cursor } = lane;
  const page = await recoveryPage({
    filter: run.input.filter,
    subscriptionId,
    ...(cursor !== undefined && { cursor }),
    ...(run.input.order && { order: run.input.order }),
  });
  lane.queue.push(...page.deliveries);
  lane.perSecond = lowered(run, page.perSecond);
  lane.readAll = page.cursor === undefined;
  if (page.cursor === undefined) delete lane.cursor;
  else lane.cursor = page.cursor;
  run.progress.found += page.deliveries.length;
  run.news += 1;
}

/** Whether anything was handed over or became known. */
async function takeStep(run: RecoveryRun, lane: RecoveryLane, count: number): Promise<boolean> {
  const { subscriptionId } = lane;
  const { filter } = run.input;
  const isMissing = filter.mode === "missing";
  const started = Date.now();
  const from = Math.max(started, lane.nextAt);
  const intervalMs = 1_000 / paceOf(lane);
  const workflowId = `recovery/${run.input.recoveryId}/${subscriptionId}/${lane.step}`;
  const step = await recoveryStep({
    subscriptionId,
    workflowId,
    ...(isMissing ? { missing: true, statuses: [] } : { statuses: filter.status ?? ["parked", "exhausted"] }),
    parkOpenDays: run.input.parkOpenDays,
    watch: lane.watch,
    send: lane.queue
      .slice(0, count)
      .map((met, index) => ({ ...met, notBefore: Math.round(from + index * intervalMs) })),
    look: count > 0 && started >= lane.lookAt,
  });
  if (step.retry) await startRetry(step.retry, workflowId);
  lane.queue.splice(0, count);
  if (count > 0) lane.step += 1;
  lane.nextAt = Math.max(lane.nextAt, from + step.sent.length * intervalMs);
  lane.watch = [...step.watch.filter(({ at }) => at > started - WATCHED_MS), ...step.sent];
  lane.perSecond = lowered(run, step.perSecond);
  if (step.live) {
    lane.liveWaits = step.live.waits;
    lane.lookAt = started + step.live.tookMs * LOOK_SHARE;
  }
  return countIn(run, lane, step);
}

function countIn(
  run: RecoveryRun,
  lane: RecoveryLane,
  { sent, skipped, delivered, failedAgain }: RecoveryStep,
): boolean {
  const { progress } = run;
  progress.sent += sent.length;
  progress.delivered += delivered;
  progress.failedAgain += failedAgain;
  let left = 0;
  for (const [reason, count] of Object.entries(skipped) as [keyof typeof skipped, number][]) {
    progress.skipped[reason] = (progress.skipped[reason] ?? 0) + count;
    left += count;
  }
  const moved = sent.length + delivered + failedAgain + left > 0;
  if (moved) {
    lane.newsAt = Date.now();
    run.news += 1;
  }
  return moved;
}
