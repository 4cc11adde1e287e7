/** Steps of a start that wait for the store. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../../store/store.js";
import { StoreError } from "../../store/store-error.js";

export interface Preparing {
  store: Pick<Store, "ping">;
  log: Pick<Logger, "warn">;
  /** State of the worker in this process, where there is one. */
  workerState?: () => string;
  /** Aborted when the start is given up. */
  signal: AbortSignal;
}

const WORKER_WITHIN_MS = 10_000;
const WORKER_LOOK_MS = 20;
const PING_DEADLINE_MS = 5_000;
const AGAIN_MS = 1_000;
const INSIST_MS = 30_000;

interface Insisting {
  /** Milliseconds after which it gives up. By default 30,000. */
  forMs?: number;
  signal?: AbortSignal;
}

/**
 * A step of the start that can be repeated. While the store does not answer it is done again. In a run of kills on a
 * busy machine the driver once found no server within its 2.5 s, though it was there, and the process ended. A database
 * that is started at the same moment is waited for in the same way.
 * @throws what the step throws, StoreError `unavailable` after that time, and the reason of the signal
 */
export async function insist<T>(
  log: Pick<Logger, "warn">,
  step: () => Promise<T>,
  { forMs = INSIST_MS, signal }: Insisting = {},
): Promise<T> {
  const until = performance.now() + forMs;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      const isAway = error instanceof StoreError && error.code === "unavailable";
      if (!isAway || performance.now() + AGAIN_MS > until) throw error;
      log.warn({ err: error }, "the store does not answer yet; the start tries again");
      await delay(AGAIN_MS, undefined, signal && { signal });
    }
  }
}

/**
 * Resolves when the worker's pollers run and the store acknowledges a write.
 *
 * A store that has answered during the start and does not answer now is waited for, however long it takes. The worker
 * has begun with what it found, and that alone can keep the store of a busy machine from answering for seconds. A
 * process that ended for it would begin again with the same work, and end again. `/health/ready` says 503 meanwhile.
 * @throws the reason of the signal
 */
export async function untilReady({ store, log, workerState, signal }: Preparing): Promise<void> {
  // The worker reports INITIALIZED until its pollers run. A start line before that would promise too much.
  for (
    let waited = 0;
    workerState && workerState() !== "RUNNING" && waited < WORKER_WITHIN_MS;
    waited += WORKER_LOOK_MS
  )
    await delay(WORKER_LOOK_MS, undefined, { signal });
  await insist(log, () => store.ping(PING_DEADLINE_MS), { forMs: Number.POSITIVE_INFINITY, signal });
  signal.throwIfAborted();
}
