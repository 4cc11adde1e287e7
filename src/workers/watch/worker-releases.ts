/**
 * Whether every live worker knows of attempts that are made before the workflow is started. A worker of an earlier
 * release would make them again. So nothing leaves early until none of those polls any more.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import { TASK_QUEUE } from "../../workflows/contract.js";
import type { TemporalLink } from "../temporal.js";
import { workflowPollers } from "../process/pollers.js";
import { ADOPTS_EARLY } from "../process/worker-identity.js";

export interface WorkerReleases {
  /** True when all workers that polled within the last minutes adopt early attempts. */
  allAdopt(): boolean;
  stop(): void;
}

const LOOK_EVERY_MS = 30_000;
const WITHIN_MS = 5_000;

/** Looks once before it resolves, and then by the clock. What cannot be read counts as no. */
export async function watchWorkerReleases(
  link: TemporalLink,
  log: Pick<Logger, "info">,
  taskQueue = TASK_QUEUE,
): Promise<WorkerReleases> {
  let adopt: boolean | undefined;
  async function look(): Promise<void> {
    const before = adopt;
    adopt = await workflowPollers(link, { ms: WITHIN_MS, taskQueue }).then(
      (pollers) => pollers.every(({ identity }) => identity?.includes(ADOPTS_EARLY) === true),
      () => adopt ?? false,
    );
    if (adopt !== before)
      log.info(
        { early: adopt },
        adopt ? "first attempts leave early" : "first attempts wait for workers to be upgraded",
      );
  }
  await look();
  const clock = byTheClock(LOOK_EVERY_MS, look);
  return { allAdopt: () => adopt === true, stop: () => void clock.stop() };
}
