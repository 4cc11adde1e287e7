/**
 * `breaker`: the health of one subscription's endpoint over all workers, and its circuit breaker. It starts with the
 * first failures and ends when the endpoint is healthy again. The rules are in breaker-state.ts.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from "@temporalio/workflow";
import { QUERY } from "../contract.js";
import { DAY_MS } from "../durations.js";
import { isOwn, lacksProof, refuseUnproven } from "../proof.js";
import { isRunFull, isRunOld, maxRunMs } from "../run-age.js";
import {
  BREAKER_SIGNAL,
  type BreakerActivities,
  type BreakerInput,
  type BreakerState,
  type OutcomeReport,
} from "./breaker-contract.js";
import { describeBreaker } from "./describe-breaker.js";
import {
  movedOn,
  newBreaker,
  probeAsked,
  probed,
  released,
  releasedNow,
  reportByOurClock,
  reported,
  withFacts,
} from "./breaker-state.js";
import { type BreakerTask, taskOf } from "./breaker-task.js";

export const reportSignal = defineSignal<[OutcomeReport]>(BREAKER_SIGNAL.report);
export const probeSignal = defineSignal(BREAKER_SIGNAL.probe);
export const breakerQuery = defineQuery<BreakerState>(QUERY.state);

const { tellHealth, probeEndpoint, releaseWaiting } = proxyActivities<BreakerActivities>({
  startToCloseTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** What one run knows. */
interface Run {
  readonly input: BreakerInput;
  state: BreakerState;
  /** Raised by every signal. */
  news: number;
}

/** Runs until the endpoint is healthy, or the subscription is disabled or gone. */
export async function breaker(input: BreakerInput): Promise<void> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  const run: Run = { input, state: input.state ?? begun(input), news: 0 };
  takeSignals(run);
  for (;;) {
    const seen = run.news;
    run.state = movedOn(run.state, Date.now());
    setCurrentDetails(describeBreaker(run.state));
    const task = taskOf(run.state, Date.now());
    if (task.does === "wait") {
      await condition(() => run.news > seen, Math.min(Math.max(task.until - Date.now(), 1), DAY_MS, maxRunMs(input)));
    } else if (task.does === "end") {
      // A signal that comes while this ends is not lost: the engine has it handled first.
      if (run.news === seen) return;
    } else if ((await doneWith(run, task)) === "gone") return;
    if (isRunFull(run.news) || isRunOld(input)) {
      await condition(allHandlersFinished);
      const { adopted: _adopted, ...same } = input;
      await continueAsNew<typeof breaker>({ ...same, state: run.state });
    }
  }
}

/** A run that began in an earlier release opens at the first burst, as it did there, so that it replays. */
function begun(input: BreakerInput): BreakerState {
  const state = newBreaker(input, Date.now());
  if (patched("failing-lasts")) return state;
  const { lastsMs: _none, ...timing } = state.timing;
  return { ...state, timing };
}

function takeSignals(run: Run): void {
  setHandler(reportSignal, (report) => {
    run.news += 1;
    if (!isOwn(report) || !isReport(report)) return;
    const now = Date.now();
    const moved = reportByOurClock(report, now);
    // A run of an earlier release took the sender's times as they were.
    const taken = moved !== report && patched("report-by-our-clock") ? moved : report;
    run.state = reported(movedOn(run.state, now), taken, now);
  });
  setHandler(probeSignal, () => {
    run.news += 1;
    run.state = probeAsked(run.state, Date.now());
  });
  setHandler(breakerQuery, () => run.state);
}

/** Carries the task out. The state may have moved on meanwhile, so the result is put into the present one. */
async function doneWith(run: Run, task: Extract<BreakerTask, { does: "tell" | "probe" | "release" }>) {
  const { subscriptionId } = run.input;
  if (task.does === "tell") {
    const { note, watchedUntil } = task;
    const { warning, ...state } = run.state;
    run.state = { ...state, told: note, watchedUntil: watchedUntil ?? 0 };
    const facts = await tellHealth({
      subscriptionId,
      note,
      before: state.told?.state ?? "healthy",
      ...(watchedUntil !== undefined && { watchedUntil }),
      ...(warning && { warning }),
    });
    run.state = withFacts(run.state, facts);
    return facts.gone ? "gone" : undefined;
  }
  if (task.does === "probe") {
    const tried = run.state.phase.kind === "open" ? run.state.phase.tried : [];
    const sent = await probeEndpoint({ subscriptionId, tried });
    run.state = probed(withFacts(run.state, sent), sent, Date.now());
    return sent.gone ? "gone" : undefined;
  }
  const { drain, timing } = run.state;
  if (!drain) return undefined;
  const sent = await releaseWaiting({
    subscriptionId,
    count: releasedNow(drain, Date.now(), timing),
    overMs: timing.tickMs,
    ...(drain.cursor !== undefined && { cursor: drain.cursor }),
  });
  run.state = released(withFacts(run.state, sent), sent.cursor, Date.now());
  return sent.gone ? "gone" : undefined;
}

/** What is no report changes nothing. */
function isReport(report: unknown): boolean {
  const { from, to, succeeded, failed, trailing } = (report ?? {}) as Partial<Record<keyof OutcomeReport, unknown>>;
  return [from, to, succeeded, failed, trailing].every((value) => typeof value === "number" && value >= 0);
}
