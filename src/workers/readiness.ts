/** Whether a publish would be accepted and delivered now. */
import proto from "@temporalio/proto";
import type { Store } from "../store/store.js";
import { TASK_QUEUE } from "../workflows/contract.js";
import type { TemporalLink } from "./temporal.js";

export interface ReadinessDependencies {
  store: Store;
  link: TemporalLink;
  /** State of the worker in this process, where there is one. */
  workerState?: () => string;
  taskQueue?: string;
}

/** One check is shared by everybody who asks within this time. */
const FRESH_MS = 1_000;
const CHECK_DEADLINE_MS = 2_000;
/** A worker that polled within this time counts as present. Temporal's long polls last a minute. */
const POLLER_SEEN_MS = 120_000;

/**
 * Gives a function that says what is missing. The function gives undefined when everything is ready, and it never
 * rejects.
 */
export function createReadiness({
  store,
  link,
  workerState,
  taskQueue = TASK_QUEUE,
}: ReadinessDependencies): () => Promise<string | undefined> {
  async function check(): Promise<string | undefined> {
    try {
      await store.ping(CHECK_DEADLINE_MS);
    } catch {
      return "MongoDB does not acknowledge writes";
    }
    if (workerState && workerState() !== "RUNNING") return `the worker is ${workerState().toLowerCase()}`;
    try {
      return await link.client.withDeadline(Date.now() + CHECK_DEADLINE_MS, () =>
        workerState ? engineAnswers() : workersPoll(),
      );
    } catch {
      return "Temporal does not answer";
    }
  }
  async function engineAnswers(): Promise<undefined> {
    await link.connection.workflowService.describeNamespace({ namespace: link.namespace });
  }
  async function workersPoll(): Promise<string | undefined> {
    const { pollers } = await link.connection.workflowService.describeTaskQueue({
      namespace: link.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    });
    const seen = (pollers ?? []).some(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_SEEN_MS,
    );
    return seen ? undefined : "no worker polls Temporal";
  }
  let last: { at: number; answer: Promise<string | undefined> } | undefined;
  return () => {
    if (!last || Date.now() - last.at > FRESH_MS) last = { at: Date.now(), answer: check() };
    return last.answer;
  };
}
