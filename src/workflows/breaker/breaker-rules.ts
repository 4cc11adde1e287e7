/** When an endpoint is degraded or failing, judged by what the processes report (breaker-state.ts). */
import { MINUTE_MS } from "../durations.js";
import type { BreakerState, BreakerTiming, FailureRun, OutcomeReport, Slice } from "./breaker-contract.js";

/** Of this time an endpoint is degraded or failing by its rate. */
export const RATE_MS = 15 * MINUTE_MS;
/** Too few attempts tell nothing of a rate. */
export const DEGRADED_RATE = { attempts: 20, below: 0.95 } as const;
/** It must also be so low for a while without a break. An endpoint that is started anew makes one burst of failures. */
export const FAILING_RATE = { attempts: 50, below: 0.5, lastsMs: 30_000 } as const;
/** So many failures in a row are a failing endpoint if they span this time. One burst is not. */
export const FAILING_RUN = { attempts: 10, spanMs: 5 * MINUTE_MS } as const;
/** Outcomes of so much time are kept together. */
const SLICE_MS = 15_000;

export interface RateVerdict {
  state: "healthy" | "degraded" | "failing";
  /** Why, in plain words. Absent if it is healthy. */
  reason?: string;
}

interface Rates {
  run: { failed: number; spanMs: number };
  succeeded: number;
  attempts: number;
  /** For how long most attempts have failed by now. */
  lowForMs: number;
  timing: Pick<BreakerTiming, "runMs" | "lastsMs">;
}

/** The verdict by rate and by run. */
function verdictOfRates({ run, succeeded, attempts, lowForMs, timing }: Rates): RateVerdict {
  const { runMs, lastsMs = 0 } = timing;
  if (run.failed >= FAILING_RUN.attempts && run.spanMs >= runMs)
    return {
      state: "failing",
      reason: `None of the last ${run.failed} attempts succeeded, over ${Math.floor(run.spanMs / MINUTE_MS)} minutes.`,
    };
  const rate = succeeded / attempts;
  // What was attempted before the first failure was not reported, so this does not speak of all in that time.
  const reason = `${succeeded} of the last ${attempts} attempts succeeded, within 15 minutes.`;
  if (attempts >= FAILING_RATE.attempts && rate < FAILING_RATE.below && lowForMs >= lastsMs)
    return { state: "failing", reason };
  if (attempts >= DEGRADED_RATE.attempts && rate < DEGRADED_RATE.below) return { state: "degraded", reason };
  return { state: "healthy" };
}

/** The verdict on what was reported. */
export function verdictOfReports({ window, run, timing }: BreakerState, now: number): RateVerdict {
  const recent = windowSince(window, now - timing.windowMs);
  const succeeded = recent.reduce((sum, slice) => sum + slice.succeeded, 0);
  const failed = recent.reduce((sum, slice) => sum + slice.failed, 0);
  return verdictOfRates({
    run: { failed: run?.failed ?? 0, spanMs: run ? run.last - run.since : 0 },
    succeeded,
    attempts: succeeded + failed,
    lowForMs: lowForMs(recent),
    timing,
  });
}

/**
 * The time from the first to the last attempt of the newest slices in which most attempts failed. One slice in which
 * half of them succeeded ends it. So neither one burst nor an endpoint that answers by now is failing.
 */
function lowForMs(window: readonly Slice[]): number {
  const newest = window.at(-1);
  const lastGood = window.findLastIndex(
    ({ succeeded, failed }) => succeeded >= FAILING_RATE.below * (succeeded + failed),
  );
  const first = window[lastGood + 1];
  return newest && first ? (newest.until ?? newest.at) - first.at : 0;
}

export const windowSince = (window: readonly Slice[], since: number): Slice[] => window.filter(({ at }) => at >= since);

/** The window with a report in it. Its size is bounded, because outcomes of some seconds share a slice. */
export function withOutcomes(window: readonly Slice[], { to, succeeded, failed }: OutcomeReport): Slice[] {
  const last = window.at(-1);
  if (last && to - last.at < SLICE_MS)
    return [
      ...window.slice(0, -1),
      {
        at: last.at,
        until: Math.max(last.until ?? last.at, to),
        succeeded: last.succeeded + succeeded,
        failed: last.failed + failed,
      },
    ];
  return [...window, { at: to, succeeded, failed }];
}

/** The run of failures after a report of at least one attempt. A success begins it anew. */
export function runAfter(
  run: FailureRun | undefined,
  { from, to, succeeded, trailing }: OutcomeReport,
  dayMs: number,
): FailureRun | undefined {
  if (trailing === 0) return undefined;
  const begun = succeeded > 0 ? undefined : run;
  const since = begun ? Math.min(begun.since, from) : succeeded > 0 ? to : from;
  const day = Math.floor((to - since) / dayMs);
  const isNewDay = !begun || day > begun.lastDay;
  return {
    since,
    last: Math.max(begun?.last ?? 0, to),
    failed: (begun?.failed ?? 0) + trailing,
    days: (begun?.days ?? 0) + (isNewDay ? 1 : 0),
    lastDay: isNewDay ? day : begun.lastDay,
  };
}
