/** The rule for paced requests, checked over every window at once. */
import type { RateLimit } from "../../src/workflows/contract.js";

/**
 * By how many requests the worst of all windows exceeds burst + rate·W. The rule allows 1. `at`: times in milliseconds.
 * A window that decides begins and ends with a request, so with the requests sorted, i to j hold j - i + 1 - rate·(t_j
 * - t_i).
 */
export function mostOverLimit(at: readonly number[], { perSecond, burst }: RateLimit): number {
  const sorted = [...at].sort((a, b) => a - b);
  let worst = Number.NEGATIVE_INFINITY;
  let best = Number.NEGATIVE_INFINITY;
  sorted.forEach((time, index) => {
    const drained = (perSecond * time) / 1_000;
    best = Math.max(best, drained - index);
    worst = Math.max(worst, index + 1 - drained + best - burst);
  });
  return worst;
}
