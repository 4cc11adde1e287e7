/** What is set in motion after the first delivery: resend, cancel, wake, recovery. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import type { Delivery } from "../store/model.js";
import type { Store } from "../store/store.js";
import { bucketWorkflowId, type RetryDeliveryInput, SETTLED_STATUSES, SIGNAL, TASK_QUEUE, WORKFLOW } from "../workflows/contract.js";
import { searchAttributesOf } from "../workflows/search-attributes.js";
import type { Operations } from "./dependencies.js";

export interface OperationsDependencies {
  client: Client;
  store: Store;
  log: Logger;
  parkOpenDays: number;
  taskQueue?: string;
}

/** Signals sent at once when a subscription wakes. */
const WAKE_TOGETHER = 16;

/** Operations over the Temporal client. */
export function createOperations({ client, store, log, parkOpenDays, taskQueue = TASK_QUEUE }: OperationsDependencies): Operations {
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
      subscriptionId: delivery.subscriptionId, groupId: delivery.groupId, parkOpenDays,
      items: [{ deliveryId: delivery.id, eventId: delivery.eventId, eventType: delivery.eventType, status: "pending", dueAt: Date.now(), attempts: delivery.attemptCount, scheduleBase: delivery.attemptCount }],
    };
    // Before the start, or it might overwrite what the attempt records.
    await store.deliveries.record([{ id: delivery.id, status: "pending", workflowId }]);
    await client.workflow.signalWithStart(WORKFLOW.retryDelivery, {
      workflowId, taskQueue, args: [input], signal: SIGNAL.retry, signalArgs: [wish], typedSearchAttributes: searchAttributesOf(input),
    });
  }

  async function cancel(delivery: Delivery, by: string): Promise<boolean> {
    if (SETTLED_STATUSES.includes(delivery.status)) return false;
    if (delivery.workflowId !== undefined && (await signal(delivery.workflowId, SIGNAL.cancel, { deliveryIds: [delivery.id], by }))) return true;
    await store.deliveries.record([{ id: delivery.id, status: "cancelled", workflowId: null, nextAttemptAt: null, reason: `Cancelled by ${by}.` }]);
    return true;
  }

  async function wake(subscriptionId: string): Promise<void> {
    const workflows = await store.deliveries.openWorkflows(subscriptionId);
    const waker = async (): Promise<void> => {
      for (let id = workflows.shift(); id !== undefined; id = workflows.shift()) await signal(id, SIGNAL.wake);
    };
    await Promise.all(Array.from({ length: WAKE_TOGETHER }, waker));
  }

  return {
    resend, cancel, wake,
    configureBucket: async (subscription) => {
      const { id, rateLimit, updatedAt } = subscription;
      if (rateLimit) await signal(bucketWorkflowId(id), SIGNAL.configure, { rate: rateLimit, asOf: updatedAt.getTime() });
    },
    startRecovery: async (recovery) => {
      await client.workflow.start(WORKFLOW.recovery, { workflowId: `recovery/${recovery.id}`, taskQueue, args: [{ recoveryId: recovery.id, filter: recovery.filter, parkOpenDays }] });
      log.info({ recovery: recovery.id }, "recovery started");
    },
  };
}
