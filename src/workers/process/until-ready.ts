/** The last step of a start: waits until the process can do its work. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../../store/store.js";

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
  while (!(await answers(store, log))) await delay(AGAIN_MS, undefined, { signal });
  signal.throwIfAborted();
}

async function answers(store: Pick<Store, "ping">, log: Pick<Logger, "warn">): Promise<boolean> {
  try {
    await store.ping(PING_DEADLINE_MS);
    return true;
  } catch (error) {
    log.warn({ err: error }, "the store does not answer yet; the start waits for it");
    return false;
  }
}
