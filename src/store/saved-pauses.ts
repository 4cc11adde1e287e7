/**
 * Pauses that are saved with subscriptions, by our clock. Another process has reckoned their end by its own, which may
 * be ahead. So the first look says how much is left, and that is never more than the pause was long. From then on the
 * steady clock counts, because the difference of two clocks may change.
 */
import type { Subscription } from "./model.js";
import { CLOCK_SLACK_MS } from "../workflows/clocks.js";
import { DAY_MS } from "../workflows/durations.js";

export type Paused = Pick<Subscription, "id" | "throttledUntil" | "throttledAt">;

export interface SavedPauses {
  /** Milliseconds since the epoch by our clock. 0 without a pause, and once it has passed. */
  endOf(this: void, subscription: Paused): number;
}

export interface Clocks {
  now: () => number;
  /** Never jumps. */
  steady: () => number;
}

/**
 * What an earlier release saves does not say when, or has the instant of the pause before. No Retry-After counts for
 * longer (src/endpoint).
 */
const LONGEST_MS = DAY_MS;

/** One for each process. `clocks` are for tests. */
export function createSavedPauses(
  { now, steady }: Clocks = { now: Date.now, steady: () => performance.now() },
): SavedPauses {
  const ends = new Map<string, { untilMs: number; steady: number }>();

  function firstSight(key: string, untilMs: number, savedAt: Date | undefined): { steady: number } {
    for (const [other, end] of ends) if (end.untilMs <= now() && end.steady <= steady()) ends.delete(other);
    const lengthMs = untilMs - (savedAt?.getTime() ?? untilMs);
    const longest = lengthMs > 0 ? lengthMs : LONGEST_MS;
    const end = { untilMs, steady: steady() + Math.min(untilMs - now(), longest) };
    ends.set(key, end);
    return end;
  }
  return {
    endOf({ id, throttledUntil, throttledAt }) {
      const untilMs = throttledUntil?.getTime() ?? 0;
      if (untilMs <= now()) return 0;
      // One that has ended stays known as long as its instant lies ahead, or the next look would begin it anew.
      const key = `${id} ${untilMs}`;
      const leftMs = (ends.get(key) ?? firstSight(key, untilMs, throttledAt)).steady - steady();
      if (leftMs <= 0) return 0;
      const byNow = Math.ceil(now() + leftMs);
      // Where the clocks agree a pause keeps its exact end.
      return untilMs - byNow > CLOCK_SLACK_MS ? byNow : untilMs;
    },
  };
}
