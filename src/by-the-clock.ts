/** Work that is done again and again. */
import { setTimeout as delay } from "node:timers/promises";

/** Processes that were started together do not look together for ever. */
const SPREAD = 0.2;

/**
 * Does `look` every `everyMs` milliseconds, up to a fifth sooner or later. With `atOnce` it also looks now. Two looks
 * never overlap. `look` deals with its own failures: one that rejects is the last. The clock keeps no process alive.
 */
export function byTheClock(
  everyMs: number,
  look: () => Promise<void>,
  { atOnce = false }: { atOnce?: boolean } = {},
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  async function loop(): Promise<void> {
    if (atOnce) await look();
    for (;;) {
      await delay(everyMs * (1 - SPREAD + 2 * SPREAD * Math.random()), undefined, { ref: false, signal });
      await look();
    }
  }
  const looping = loop().catch(() => undefined);
  return {
    /** Resolves once a look that is under way has ended. */
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
}
