/**
 * What every live worker knows of. A worker of an earlier release would make attempts again that are made before the
 * workflow is started. It would also leave out subscriptions of a `retryDelivery` that has several. So nothing of a
 * kind is done while a worker polls that does not know it.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import { TASK_QUEUE } from "../../workflows/contract.js";
import type { TemporalLink } from "../temporal.js";
import { workflowPollers } from "../process/pollers.js";
import { ADOPTS_EARLY, SHARES_RETRIES } from "../process/worker-identity.js";

export interface WorkerReleases {
  /** True when all workers that polled within the last minutes adopt early attempts. */
  allAdopt(): boolean;
  /** True when all of them run a `retryDelivery` of several subscriptions. */
  allShare(): boolean;
  stop(): void;
}

const LOOK_EVERY_MS = 30_000;
const WITHIN_MS = 5_000;

interface Known {
  early: boolean;
  sharedRetries: boolean;
}

/** Looks once before it resolves, and then by the clock. What cannot be read counts as no. */
export async function watchWorkerReleases(
  link: TemporalLink,
  log: Pick<Logger, "info">,
  taskQueue = TASK_QUEUE,
): Promise<WorkerReleases> {
  let known: Known | undefined;
  async function look(): Promise<void> {
    const before = known;
    known = await workflowPollers(link, { ms: WITHIN_MS, taskQueue }).then(
      (pollers) => {
        const all = (mark: string): boolean => pollers.every(({ identity }) => identity?.includes(mark) === true);
        return { early: all(ADOPTS_EARLY), sharedRetries: all(SHARES_RETRIES) };
      },
      () => known ?? { early: false, sharedRetries: false },
    );
    if (known.early === before?.early && known.sharedRetries === before.sharedRetries) return;
    log.info(
      { ...known },
      known.early && known.sharedRetries
        ? "all workers know what this one does"
        : "a worker of an earlier release polls: what it does not know waits until it is upgraded",
    );
  }
  await look();
  const clock = byTheClock(LOOK_EVERY_MS, look);
  return {
    allAdopt: () => known?.early === true,
    allShare: () => known?.sharedRetries === true,
    stop: () => void clock.stop(),
  };
}
