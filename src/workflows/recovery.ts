/**
 * `recovery`: sends the deliveries of a filter again. Each subscription has a lane of its own, so that a slow one holds
 * up no other. A lane keeps the subscription's pace and leaves half of it to live traffic that waits. It watches what
 * became of what it handed over.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from "@temporalio/workflow";
import { QUERY, SIGNAL } from "./contract.js";
import { actorOf, lacksProof, refuseUnproven } from "./proof.js";
import {
  LANES_AT_ONCE,
  noProgress,
  progressOf,
  type RecoveryActivities,
  type RecoveryInput,
  type RecoveryLane,
  type RecoveryProgress,
  type RecoverySignal,
  type RecoveryState,
  type RecoveryStatus,
  type UnpacedProgress,
} from "./recovery/recovery-contract.js";
import { newLane, type RecoveryRun, runLane } from "./recovery/recovery-lane.js";
import { unpacedRecovery } from "./recovery/recovery-unpaced.js";
import { DAY_MS } from "./durations.js";
import { isRunFull, isRunOld, maxRunMs } from "./run-age.js";

const pauseSignal = defineSignal<[RecoverySignal?]>(SIGNAL.pause);
const resumeSignal = defineSignal<[RecoverySignal?]>(SIGNAL.resume);
const cancelSignal = defineSignal<[RecoverySignal?]>(SIGNAL.cancel);
const stateQuery = defineQuery<{ status: RecoveryStatus; progress: RecoveryProgress }>(QUERY.state);

const { recoverySubscriptions, recordRecovery } = proxyActivities<
  Pick<RecoveryActivities, "recoverySubscriptions" | "recordRecovery">
>({
  startToCloseTimeout: "30 seconds",
  retry: { initialInterval: "500 milliseconds", backoffCoefficient: 2, maximumInterval: "10 seconds" },
});

/** Progress is written down at most so often. */
const RECORD_MS = 1_500;

/**
 * Ends when everything is handed over and its result known, or given up waiting for. A cancel ends what was not handed
 * over yet.
 */
export async function recovery(input: RecoveryInput): Promise<RecoveryProgress | UnpacedProgress> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  return patched("paced-recovery") ? pacedRecovery(input) : unpacedRecovery(input);
}

interface PacedRun extends RecoveryRun {
  lanes: RecoveryLane[];
  waiting: string[];
  /** Lanes that are not at their end. */
  running: number;
  signals: number;
  failure?: Error;
}

async function pacedRecovery(input: RecoveryInput): Promise<RecoveryProgress> {
  const run: PacedRun = {
    input,
    progress: input.progress ? progressOf(input.progress) : noProgress(),
    paused: input.state?.paused ?? false,
    cancelledBy: input.state?.cancelledBy,
    leaving: false,
    news: 1,
    lanes: input.state?.lanes ?? [],
    waiting: input.state?.waiting ?? [],
    running: 0,
    signals: 0,
  };
  listen(run);
  try {
    if (!input.state) run.waiting = await subscriptionsOf(input);
    await control(run);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    // Cancelled in the Temporal UI, which means the same as the signal.
    run.cancelledBy ??= "the Temporal UI";
    await CancellationScope.nonCancellable(() => control(run));
    throw error;
  }
  return run.progress;
}

const subscriptionsOf = async ({ filter }: RecoveryInput): Promise<string[]> =>
  filter.subscriptionId === undefined ? recoverySubscriptions({ filter }) : [filter.subscriptionId];

function listen(run: PacedRun): void {
  const note = (change: () => void): void => {
    run.signals += 1;
    run.news += 1;
    change();
  };
  setHandler(pauseSignal, () => note(() => (run.paused = true)));
  setHandler(resumeSignal, () => note(() => (run.paused = false)));
  setHandler(cancelSignal, (signal) => note(() => (run.cancelledBy ??= actorOf(signal, signal?.by) ?? "hand")));
  setHandler(stateQuery, () => ({ status: statusOf(run), progress: run.progress }));
}

const statusOf = ({ cancelledBy, paused }: RecoveryRun): RecoveryStatus =>
  cancelledBy !== undefined ? "cancelled" : paused ? "paused" : "running";

/** Keeps the lanes going, writes down how far they are, and goes on in a new run when this one is full. */
async function control(run: PacedRun): Promise<void> {
  const { input } = run;
  for (;;) {
    begin(run);
    const seen = run.news;
    await record(run, statusOf(run));
    if (run.failure) throw run.failure;
    if (run.running === 0 && (run.waiting.length === 0 || run.cancelledBy !== undefined)) break;
    if (isRunFull(run.signals) || isRunOld(input)) await goOn(run);
    // Nothing is written while nothing happens. A run must not grow old in a pause.
    await condition(() => run.news > seen, Math.min(DAY_MS, maxRunMs(input)));
    await condition(() => run.running === 0, RECORD_MS);
  }
  await condition(allHandlersFinished);
  await record(run, run.cancelledBy === undefined ? "done" : "cancelled");
}

/** Lanes outlive a cancellation in the Temporal UI: a step that was begun is finished. */
function begin(run: PacedRun): void {
  const { input } = run;
  const first = run.running === 0 && !run.leaving ? run.lanes : [];
  const fresh: RecoveryLane[] = [];
  while (run.cancelledBy === undefined && run.lanes.length + fresh.length < LANES_AT_ONCE) {
    const subscriptionId = run.waiting.shift();
    if (subscriptionId === undefined) break;
    fresh.push(newLane(subscriptionId, input.cursor));
  }
  const lanes = [...first, ...fresh];
  run.lanes = [...run.lanes, ...fresh];
  for (const lane of lanes) void keep(run, lane);
}

async function keep(run: PacedRun, lane: RecoveryLane): Promise<void> {
  run.running += 1;
  try {
    const done = await CancellationScope.nonCancellable(() => runLane(run, lane));
    if (done) run.lanes = run.lanes.filter((other) => other !== lane);
  } catch (error) {
    run.failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    run.running -= 1;
    run.news += 1;
  }
}

async function goOn(run: PacedRun): Promise<void> {
  run.leaving = true;
  await condition(() => run.running === 0 && allHandlersFinished());
  const state: RecoveryState = {
    waiting: run.waiting,
    lanes: run.lanes,
    paused: run.paused,
    ...(run.cancelledBy !== undefined && { cancelledBy: run.cancelledBy }),
  };
  await continueAsNew({ ...run.input, progress: run.progress, state });
}

async function record(run: PacedRun, status: RecoveryStatus): Promise<void> {
  const { progress, cancelledBy } = run;
  const { found, sent, delivered, failedAgain } = progress;
  const skipped = Object.values(progress.skipped).reduce((sum, count) => sum + count, 0);
  const open = sent - delivered - failedAgain;
  setCurrentDetails(
    `${status}: ${found} found, ${sent} sent, ${delivered} delivered, ${failedAgain} failed again, ` +
      `${skipped} skipped, ${open} under way.\n\n` +
      "Signals: `pause`, `resume`, `cancel`. A cancel ends what was not handed over; what is under way goes on.",
  );
  const error =
    cancelledBy === undefined
      ? undefined
      : `Cancelled by ${cancelledBy}. ${found - sent - skipped} that were read were not sent; ${open} ` +
        "that were handed over before go on.";
  await recordRecovery({
    recoveryId: run.input.recoveryId,
    progress: { ...progress },
    status,
    ...(error !== undefined && { error }),
  });
}
