/**
 * Whether every live worker knows of attempts that are made before the workflow is started. A worker of an earlier
 * release would make them again. So nothing leaves early until none of those polls any more.
 */
import { setTimeout as delay } from "node:timers/promises";
import proto from "@temporalio/proto";
import type { Logger } from "pino";
import { TASK_QUEUE } from "../../workflows/contract.js";
import type { TemporalLink } from "../temporal.js";
import { ADOPTS_EARLY } from "../process/worker-identity.js";

export interface WorkerReleases {
  /** True when all workers that polled within the last minutes adopt early attempts. */
  allAdopt(): boolean;
  stop(): void;
}

/** The engine remembers a poller for five minutes. */
const LOOK_EVERY_MS = 30_000;
const WITHIN_MS = 5_000;

/** Looks once before it resolves, and then by the clock. What cannot be read counts as no. */
export async function watchWorkerReleases(
  { connection, client, namespace }: TemporalLink,
  log: Pick<Logger, "info">,
  taskQueue = TASK_QUEUE,
): Promise<WorkerReleases> {
  const stopping = new AbortController();
  let adopt: boolean | undefined;
  async function look(): Promise<void> {
    const before = adopt;
    adopt = await client
      .withDeadline(Date.now() + WITHIN_MS, () =>
        connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        }),
      )
      .then(
        ({ pollers }) => (pollers ?? []).every(({ identity }) => identity?.includes(ADOPTS_EARLY) === true),
        () => adopt ?? false,
      );
    if (adopt !== before)
      log.info(
        { early: adopt },
        adopt ? "first attempts leave early" : "first attempts wait for workers to be upgraded",
      );
  }
  async function loop(): Promise<void> {
    for (;;) {
      await delay(LOOK_EVERY_MS, undefined, { ref: false, signal: stopping.signal });
      await look();
    }
  }
  await look();
  loop().catch(() => undefined);
  return { allAdopt: () => adopt === true, stop: () => stopping.abort() };
}
