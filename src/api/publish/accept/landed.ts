/**
 * When a write that was given up has landed or never will. A clock alone cannot tell: a database that stood still
 * carries out what it was sent before, whenever it goes on.
 */
import { setTimeout as delay } from "node:timers/promises";
import { hasLanded, MOST_GAP_MS } from "./ownership.js";

const ASK_EVERY_MS = 1_000;

/**
 * Asks the store each second. Resolves to true once it has answered for so long, without a gap, that nothing can land
 * any more of what was sent before the call. Resolves to false when the signal is aborted. Never rejects.
 *
 * @param ask a short read of the store. An answer after more than 3.5 s counts as a silence
 */
export async function untilLanded(ask: () => Promise<unknown>, signal?: AbortSignal): Promise<boolean> {
  let answers: { since: number; last: number } | undefined;
  while (!signal?.aborted) {
    const isAnswered = await ask().then(
      () => true,
      () => false,
    );
    const now = performance.now();
    const since = answers && now - answers.last <= MOST_GAP_MS ? answers.since : now;
    answers = isAnswered ? { since, last: now } : undefined;
    if (answers && hasLanded(now - answers.since)) return true;
    await delay(ASK_EVERY_MS, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
  }
  return false;
}
