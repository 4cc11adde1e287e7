/** Who polls a task queue for workflow tasks, as the engine remembers it: for five minutes. */
import proto from "@temporalio/proto";
import { TASK_QUEUE } from "../../workflows/contract.js";
import type { TemporalLink } from "../temporal.js";

export type Poller = proto.temporal.api.taskqueue.v1.IPollerInfo;

/** Rejects when the engine does not tell within `ms` milliseconds. */
export async function workflowPollers(
  { connection, client, namespace }: TemporalLink,
  { ms, taskQueue = TASK_QUEUE }: { ms: number; taskQueue?: string },
): Promise<Poller[]> {
  const { pollers } = await client.withDeadline(Date.now() + ms, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    }),
  );
  return pollers ?? [];
}
