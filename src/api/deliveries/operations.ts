/** What is set in motion after the first delivery: resend, cancel, wake, recovery. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { deliverySummary } from "../../catalogue/workflow-summary.js";
import type { Delivery } from "../../store/model.js";
import { PAGE_LIMIT } from "../../store/mongo/paging.js";
import type { Store } from "../../store/store.js";
import {
  bucketWorkflowId,
  DELIVERY_STATUSES,
  type RetryDeliveryInput,
  SETTLED_STATUSES,
  SIGNAL,
  TASK_QUEUE,
  WORKFLOW,
} from "../../workflows/contract.js";
import { searchAttributesOf } from "../../workflows/search-attributes.js";
import type { Operations } from "../dependencies.js";

export interface OperationsDependencies {
  client: Client;
  store: Store;
  log: Logger;
  parkOpenDays: number;
  taskQueue?: string;
  /**
   * Names groups and hosts, for the line by which a workflow is known in the Temporal UI; absent: the workflows have
   * none.
   */
  catalogue?: Pick<Catalogue, "group" | "subscription">;
}

/** Signals sent at once when a subscription wakes. */
const WAKE_TOGETHER = 16;

/** Operations over the Temporal client. */
export function createOperations({
  client,
  store,
  log,
  parkOpenDays,
  taskQueue = TASK_QUEUE,
  catalogue,
}: OperationsDependencies): Operations {
  /** False when the workflow is not open any more. */
  async function signal(workflowId: string, name: string, ...args: unknown[]): Promise<boolean> {
    try {
      await client.workflow.getHandle(workflowId).signal(name, ...args);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  async function resend(delivery: Delivery, by: string): Promise<void> {
    const wish = { deliveryIds: [delivery.id], by };
    if (delivery.workflowId !== undefined && (await signal(delivery.workflowId, SIGNAL.retry, wish))) return;
    const workflowId = `resend/${delivery.id}`;
    const input: RetryDeliveryInput = {
      subscriptionId: delivery.subscriptionId,
      groupId: delivery.groupId,
      parkOpenDays,
      items: [
        {
          deliveryId: delivery.id,
          eventId: delivery.eventId,
          eventType: delivery.eventType,
          status: "pending",
          dueAt: Date.now(),
          attempts: delivery.attemptCount,
          scheduleBase: delivery.attemptCount,
        },
      ],
    };
    await store.deliveries.record([{ id: delivery.id, status: "pending", workflowId, asked: true }]);
    await client.workflow.signalWithStart(WORKFLOW.retryDelivery, {
      workflowId,
      taskQueue,
      args: [input],
      signal: SIGNAL.retry,
      signalArgs: [wish],
      typedSearchAttributes: searchAttributesOf(input),
      ...(catalogue && { staticSummary: deliverySummary(catalogue, input, [delivery.eventType]) }),
    });
  }

  async function cancel(delivery: Delivery, by: string): Promise<boolean> {
    if (SETTLED_STATUSES.includes(delivery.status)) return false;
    if (
      delivery.workflowId !== undefined &&
      (await signal(delivery.workflowId, SIGNAL.cancel, { deliveryIds: [delivery.id], by }))
    )
      return true;
    const refused = await store.deliveries.record([
      {
        id: delivery.id,
        status: "cancelled",
        workflowId: null,
        nextAttemptAt: null,
        reason: `Cancelled by ${by}.`,
        asked: true,
      },
    ]);
    return !refused.some(({ why }) => why === "settled");
  }

  async function wake(subscriptionId: string): Promise<void> {
    const workflows = await store.deliveries.openWorkflows(subscriptionId);
    const waker = async (): Promise<void> => {
      for (let id = workflows.shift(); id !== undefined; id = workflows.shift()) await signal(id, SIGNAL.wake);
    };
    await Promise.all(Array.from({ length: WAKE_TOGETHER }, waker));
  }

  return {
    resend,
    cancel,
    cancelAll: createCancelAll(store, signal),
    wake,
    configureBucket: async (subscription) => {
      const { id, rateLimit, updatedAt } = subscription;
      if (rateLimit)
        await signal(bucketWorkflowId(id), SIGNAL.configure, { rate: rateLimit, asOf: updatedAt.getTime() });
    },
    startRecovery: async (recovery) => {
      await client.workflow.start(WORKFLOW.recovery, {
        workflowId: `recovery/${recovery.id}`,
        taskQueue,
        args: [{ recoveryId: recovery.id, filter: recovery.filter, parkOpenDays }],
        staticSummary: `recovery of ${recovery.count ?? "some"} deliveries`,
      });
      log.info({ recovery: recovery.id }, "recovery started");
    },
    tellRecovery: (id, act, by) => signal(`recovery/${id}`, SIGNAL[act], { by }),
  };
}

/** Page by page: cancelled deliveries leave the filter, and the cursor is a time and an id that stay. */
function createCancelAll(
  store: Store,
  signal: (workflowId: string, name: string, ...args: unknown[]) => Promise<boolean>,
): Operations["cancelAll"] {
  async function cancelPage(deliveries: Delivery[], by: string, reason: string): Promise<void> {
    const byWorkflow = new Map<string | undefined, string[]>();
    for (const { id, workflowId } of deliveries)
      byWorkflow.set(workflowId, [...(byWorkflow.get(workflowId) ?? []), id]);
    for (const [workflowId, deliveryIds] of byWorkflow) {
      if (workflowId !== undefined && (await signal(workflowId, SIGNAL.cancel, { deliveryIds, by, reason }))) continue;
      await store.deliveries.record(
        deliveryIds.map((id) => ({
          id,
          status: "cancelled",
          workflowId: null,
          nextAttemptAt: null,
          reason: `${reason} (by ${by})`,
          asked: true,
        })),
      );
    }
  }

  return async (filter, by, reason) => {
    const open = DELIVERY_STATUSES.filter((status) => !SETTLED_STATUSES.includes(status));
    let count = 0;
    let cursor: string | undefined;
    do {
      const page = await store.deliveries.list(
        { limit: PAGE_LIMIT, ...(cursor !== undefined && { cursor }) },
        { ...filter, status: open },
      );
      await cancelPage(page.data, by, reason);
      count += page.data.length;
      cursor = page.next;
    } while (cursor !== undefined);
    return count;
  };
}
