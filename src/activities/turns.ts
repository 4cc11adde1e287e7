/** Turns of what a recovery sends to a subscription without a rate limit: one after the other, also when all of them are late. */

/** Longest wait for a turn, milliseconds: a signal by hand may name any time. */
const LONGEST_TURN_MS = 30_000;
/** Turns of other subscriptions that have passed are forgotten when there are so many. */
const KEPT = 1_000;

/** Gives the instant at which one may be sent, not before `notBefore`; milliseconds since the epoch. */
export type Turn = (subscriptionId: string, notBefore: number) => number;

/**
 * The turns of one process. The workflow has spread the instants over time already; but a process that was busy meets many that have
 * passed, and without a distance between them they would go out in one bunch.
 */
export function createTurns({ distanceMs, now = Date.now }: { distanceMs: number; now?: () => number }): Turn {
  const next = new Map<string, number>();
  return (subscriptionId, notBefore) => {
    const time = now();
    if (next.size > KEPT) for (const [id, at] of next) if (at <= time) next.delete(id);
    const at = Math.min(Math.max(time, notBefore, next.get(subscriptionId) ?? 0), time + LONGEST_TURN_MS);
    next.set(subscriptionId, at + distanceMs);
    return at;
  };
}
