/**
 * Turns of what a recovery sends to a subscription without a rate limit. They come one after the other, also when all
 * of them are late.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Longest wait for a turn, milliseconds: a signal by hand may name any time. */
const LONGEST_TURN_MS = 30_000;
/** Turns of other subscriptions that have passed are forgotten when there are so many. */
const KEPT = 1_000;
/** A process that is always late sends nevertheless. */
const TRIES = 20;

/** Resolves when one may be sent, not before `notBefore` (milliseconds since the epoch). */
export type Turn = (subscriptionId: string, notBefore: number) => Promise<void>;

/**
 * The turns of one process. The workflow has spread the instants over time already. But a process that was busy meets
 * many that have passed. Without a distance between them they would go out in one bunch. A request that wakes late
 * takes another turn for the same reason.
 */
export function createTurns({
  distanceMs,
  now = Date.now,
  wait = (ms) => sleep(ms),
}: {
  distanceMs: number;
  now?: () => number;
  wait?: (ms: number) => Promise<void>;
}): Turn {
  const next = new Map<string, number>();
  const take = (subscriptionId: string, notBefore: number): number => {
    const time = now();
    if (next.size > KEPT) for (const [id, at] of next) if (at <= time) next.delete(id);
    const at = Math.min(Math.max(time, notBefore, next.get(subscriptionId) ?? 0), time + LONGEST_TURN_MS);
    next.set(subscriptionId, at + distanceMs);
    return at;
  };
  return async (subscriptionId, notBefore) => {
    for (let tries = 0; tries < TRIES; tries++) {
      const at = take(subscriptionId, notBefore);
      // Timers may fire a millisecond early, and early is too early.
      for (let ms = at - now(); ms > 0; ms = at - now()) await wait(ms);
      if (now() - at < distanceMs) return;
    }
  };
}
