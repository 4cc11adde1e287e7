/**
 * The circuit breaker of one subscription: state and report give the next state. Pure. All times are milliseconds since
 * the epoch.
 *
 * closed -> open (failing) -> closed again through `recovering`, or disabled after days without a success. While it is
 * open, one waiting delivery is sent now and then, as a probe. Three successes in a row end it. What waited is then
 * released, oldest first, slowly at the beginning.
 */
import { aheadMs, CLOCK_SLACK_MS } from "../clocks.js";
import { DAY_MS, MINUTE_MS } from "../durations.js";
import type {
  BreakerFacts,
  BreakerInput,
  BreakerPhase,
  BreakerState,
  BreakerTiming,
  WaitingRelease,
  OutcomeReport,
  ProbeResult,
} from "./breaker-contract.js";
import {
  FAILING_RATE,
  FAILING_RUN,
  RATE_MS,
  runAfter,
  verdictOfReports,
  windowSince,
  withOutcomes,
} from "./breaker-rules.js";

export const TIMING: BreakerTiming = {
  probeMs: 30_000,
  maxProbeMs: 15 * MINUTE_MS,
  rampMs: 10_000,
  tickMs: 5_000,
  windowMs: RATE_MS,
  runMs: FAILING_RUN.spanMs,
  lastsMs: FAILING_RATE.lastsMs,
  knownMs: 3_000,
  dayMs: DAY_MS,
};
/** Successes in a row that close it, and failures in a row that open it again while what waited is released. */
const CLOSES_AFTER = 3;
const REOPENS_AFTER = 3;
/** The slow start begins with this part of the rate. */
const START_SHARE = 0.1;
/** The rate per second that the slow start leads to at least, where there is no limit. Recoveries have it too. */
const LEAST_FULL = 10;
/** Most that is released in one step. */
export const MOST_RELEASED = 500;
/** Deliveries that were probes are remembered, so that one that always fails does not keep the breaker open. */
const MOST_TRIED = 20;
/**
 * A degraded endpoint stays so for this time at least, so that one at the limit does not write a record each second.
 */
export const DEGRADED_MS = MINUTE_MS;
/**
 * Failures that are older say nothing, where nothing was sent since. The longest delay between two attempts is a day.
 */
const RUN_KEPT_DAYS = 2;

type Open = Extract<BreakerPhase, { kind: "open" }>;
type Closed = Extract<BreakerPhase, { kind: "closed" }>;
type Recovering = Extract<BreakerPhase, { kind: "recovering" }>;

export function newBreaker({ adopted, timing }: BreakerInput, now: number): BreakerState {
  const all = { ...TIMING, ...timing };
  const wasOpen = adopted?.state === "failing" || adopted?.state === "recovering";
  const phase: BreakerPhase = wasOpen
    ? // Every process knows that it is open, so the first report counts.
      {
        ...opened("It is tried before anything else is sent.", Math.min(adopted.since, now - all.knownMs), all),
        nextProbeAt: now,
      }
    : { kind: "closed", since: now };
  return { timing: all, window: [], phase, perSecond: 0, watchedUntil: 0 };
}

const opened = (reason: string, openedAt: number, { probeMs, maxProbeMs }: BreakerTiming): Open => ({
  kind: "open",
  reason,
  openedAt,
  intervalMs: Math.min(2 * probeMs, maxProbeMs),
  nextProbeAt: openedAt + probeMs,
  probes: 0,
  successes: 0,
  tried: [],
  warned: 0,
});

/**
 * The report with its times by our clock. What counts is how long ago its attempts began by the sender's. The same
 * object where the clocks agree.
 */
export function reportByOurClock(report: OutcomeReport, now: number): OutcomeReport {
  const behindMs = now - report.asOf;
  if (!(Math.abs(behindMs) > CLOCK_SLACK_MS)) return report;
  return { ...report, from: report.from + behindMs, to: report.to + behindMs };
}

/** The state after a report of one process. */
export function reported(state: BreakerState, given: OutcomeReport, now: number): BreakerState {
  const report = { ...given, from: Math.min(given.from, now), to: Math.min(given.to, now) };
  const counts = report.succeeded + report.failed > 0;
  const run = counts ? runAfter(state.run, report, state.timing.dayMs) : state.run;
  const { run: _before, ...rest } = state;
  const next: BreakerState = {
    ...rest,
    ...(run && { run }),
    perSecond: report.perSecond ?? state.perSecond,
    window: counts ? withOutcomes(windowSince(state.window, now - state.timing.windowMs), report) : state.window,
  };
  const { phase } = next;
  if (phase.kind === "open") return { ...next, phase: openAfter(phase, report, { now, state: next }) };
  if (phase.kind === "recovering" && counts && report.from >= phase.since)
    return recoveringAfter(next, phase, report, now);
  return next;
}

function openAfter(
  phase: Open,
  report: OutcomeReport,
  { now, state: { timing } }: { now: number; state: BreakerState },
): BreakerPhase {
  const waits = report.waits && phase.nextProbeAt === undefined ? { ...phase, nextProbeAt: now } : phase;
  // Processes that do not know yet that it is open are still sending. What they see decides nothing.
  if (report.succeeded + report.failed === 0 || report.from < phase.openedAt + timing.knownMs) return waits;
  if (report.trailing > 0) return { ...waits, successes: 0 };
  const successes = phase.successes + report.succeeded;
  if (successes >= CLOSES_AFTER) return { kind: "recovering", since: now, failures: 0, openedAt: phase.openedAt };
  return { ...waits, successes, intervalMs: timing.probeMs, nextProbeAt: now };
}

function recoveringAfter(state: BreakerState, phase: Recovering, report: OutcomeReport, now: number): BreakerState {
  const { drain: _drain, ...rest } = state;
  const failures = report.succeeded > 0 ? report.trailing : phase.failures + report.trailing;
  if (failures < REOPENS_AFTER) return { ...state, phase: { ...phase, failures } };
  const reason = `${failures} attempts in a row failed again after it had answered.`;
  return { ...rest, phase: opened(reason, now, state.timing) };
}

/** The state as the clock moves it on, without a report. */
export function movedOn(state: BreakerState, now: number): BreakerState {
  const kept = { ...state, window: windowSince(state.window, now - state.timing.windowMs) };
  const { phase } = kept;
  switch (phase.kind) {
    case "closed":
      return closedAt(withoutOldRun(kept, now), phase, now);
    case "open":
      return warned(disabled(kept, now), now);
    case "recovering":
      return recoveringAt(kept, phase, now);
    case "disabled":
      return kept;
  }
}

function withoutOldRun(state: BreakerState, now: number): BreakerState {
  const { run, ...rest } = state;
  return run && now - run.last >= runKeptMs(state.timing) ? rest : state;
}
export const runKeptMs = ({ dayMs }: BreakerTiming): number => RUN_KEPT_DAYS * dayMs;

function closedAt(state: BreakerState, phase: Closed, now: number): BreakerState {
  const { drain: _drain, ...rest } = state;
  const { state: verdict, reason = "" } = verdictOfReports(state, now);
  if (verdict === "failing") return { ...rest, phase: opened(reason, now, state.timing) };
  if (verdict === "degraded")
    return phase.degraded === undefined ? { ...state, phase: { kind: "closed", since: now, degraded: reason } } : state;
  if (phase.degraded === undefined || now - phase.since < DEGRADED_MS) return state;
  return { ...state, phase: { kind: "closed", since: now } };
}

/** Many days without a success. One burst of failures lies on one day, so it never disables anything. */
function disabled(state: BreakerState, now: number): BreakerState {
  const { run, disableAfterMs = 0, timing } = state;
  if (!run || disableAfterMs <= 0 || now - run.since < disableAfterMs) return state;
  if (run.days < Math.floor(disableAfterMs / timing.dayMs)) return state;
  const days = Math.floor((now - run.since) / timing.dayMs);
  const reason = `No attempt has succeeded for ${days} ${days === 1 ? "day" : "days"}. The endpoint seems to be gone.`;
  return { ...state, phase: { kind: "disabled", reason } };
}

function warned(state: BreakerState, now: number): BreakerState {
  const { phase, run, disableAfterMs = 0, timing } = state;
  if (phase.kind !== "open" || !run || disableAfterMs <= 0) return state;
  const end = run.since + disableAfterMs;
  const times = [run.since + disableAfterMs / 2, Math.max(end - timing.dayMs, run.since + disableAfterMs / 2)];
  const due = times.filter((at) => now >= at).length;
  if (due <= phase.warned) return state;
  return { ...state, phase: { ...phase, warned: due }, warning: due === 1 ? "half" : "last_day" };
}

function recoveringAt(state: BreakerState, phase: Recovering, now: number): BreakerState {
  const drain = state.drain ?? newDrain(state, now);
  if (rateOf(drain, now, state.timing) < drain.full) return { ...state, drain };
  // Failures from before it closed must not open it again.
  const { run: _run, ...rest } = state;
  return { ...rest, drain, window: [], phase: { kind: "closed", since: now } };
}

function newDrain({ limit, perSecond }: BreakerState, now: number): WaitingRelease {
  const full = limit ?? Math.max(perSecond, LEAST_FULL);
  return { since: now, from: full * START_SHARE, full, limited: limit !== undefined, nextAt: now, passAt: now };
}

/** Requests per second that are released now. */
export function rateOf({ since, from, full, limited }: WaitingRelease, now: number, { rampMs }: BreakerTiming): number {
  const rate = from * 2 ** Math.min(20, Math.floor((now - since) / rampMs));
  return limited ? Math.min(rate, full) : rate;
}

/** How many are released in the step that begins now. */
export const releasedNow = (drain: WaitingRelease, now: number, timing: BreakerTiming): number =>
  Math.min(MOST_RELEASED, Math.max(1, Math.round((rateOf(drain, now, timing) * timing.tickMs) / 1_000)));

/** The state after some were released. */
export function released(state: BreakerState, cursor: string | undefined, now: number): BreakerState {
  const { drain, phase, timing } = state;
  if (!drain) return state;
  const { cursor: _before, ...rest } = drain;
  // Steps that are late because no worker was there are not made up for.
  const nextStep = Math.max(drain.nextAt + timing.tickMs, now + timing.tickMs / 2);
  if (cursor !== undefined) return { ...state, drain: { ...rest, cursor, nextAt: nextStep } };
  const isLast = phase.kind === "closed" && drain.passAt >= phase.since + timing.knownMs;
  if (isLast) {
    const { drain: _done, ...done } = state;
    return done;
  }
  // What a process has put off without knowing that it may go is found by one more pass.
  const nextAt = phase.kind === "closed" ? Math.max(now, phase.since + timing.knownMs) : nextStep;
  return { ...state, drain: { ...rest, nextAt, passAt: nextAt } };
}

/** The state after a probe was sent, or after it was seen that nothing waits. */
export function probed(
  state: BreakerState,
  { deliveryId, pausedUntil: end = 0, asOf }: ProbeResult,
  now: number,
): BreakerState {
  const { phase, timing } = state;
  if (phase.kind !== "open") return state;
  const pausedUntil = end - aheadMs(asOf, now);
  if (pausedUntil > now) return { ...state, phase: { ...phase, nextProbeAt: pausedUntil } };
  const { nextProbeAt: _due, ...idle } = phase;
  if (deliveryId !== undefined)
    return {
      ...state,
      phase: {
        ...phase,
        probes: phase.probes + 1,
        nextProbeAt: now + phase.intervalMs,
        intervalMs: Math.min(phase.intervalMs * 2, timing.maxProbeMs),
        tried: [...phase.tried.filter((id) => id !== deliveryId), deliveryId].slice(-MOST_TRIED),
      },
    };
  // The endpoint has answered, and there is nothing left to try it with.
  if (phase.successes > 0)
    return { ...state, phase: { kind: "recovering", since: now, failures: 0, openedAt: phase.openedAt } };
  return { ...state, phase: idle };
}

/** A person asks for the next probe now. */
export function probeAsked(state: BreakerState, now: number): BreakerState {
  const { phase, timing } = state;
  if (phase.kind !== "open") return state;
  return { ...state, phase: { ...phase, nextProbeAt: now, intervalMs: timing.probeMs } };
}

/** What an activity has read of the subscription. */
export const withFacts = (
  { limit: _before, ...state }: BreakerState,
  { limit, disableAfterMs }: BreakerFacts,
): BreakerState => ({ ...state, disableAfterMs, ...(limit !== undefined && { limit }) });
