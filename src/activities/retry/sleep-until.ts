/** A sleep that ends early when nobody needs what comes after it. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Resolves at `at` (milliseconds since the epoch), after `mostMs` or when one of `ends` is aborted. A clock that went
 * back may have given a time that is far away.
 */
export async function sleepUntil(
  at: number,
  { mostMs, ends }: { mostMs: number; ends: readonly (AbortSignal | undefined)[] },
): Promise<void> {
  const ms = Math.min(at - Date.now(), mostMs);
  if (ms <= 0) return;
  const signal = AbortSignal.any(ends.filter((each) => each !== undefined));
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
