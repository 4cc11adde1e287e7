/** Sends a delivery again, by its open workflow or by a new one. */
import type { Client } from "@temporalio/client";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { deliveryWorkflowSummary } from "../../catalogue/workflow-summary.js";
import type { Store } from "../../store/store.js";
import { type RetryDeliveryInput, SIGNAL, TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";
import { searchAttributesOf } from "../../workflows/search-attributes.js";
import type { Operations } from "../dependencies.js";
import type { SendSignal } from "./signal.js";

export interface OperationsDependencies {
  client: Client;
  store: Store;
  log: Logger;
  parkOpenDays: number;
  taskQueue?: string;
  /**
   * Names groups and hosts, for the line by which a workflow is known in the Temporal UI. Without it the workflows have
   * no such line.
   */
  catalogue?: Pick<Catalogue, "group" | "subscription">;
}

/** `Operations.resend`. */
export function createResend(
  { client, store, parkOpenDays, taskQueue = TASK_QUEUE, catalogue }: OperationsDependencies,
  signal: SendSignal,
): Operations["resend"] {
  return async (delivery, by) => {
    const request = { deliveryIds: [delivery.id], by };
    if (delivery.workflowId !== undefined && (await signal(delivery.workflowId, SIGNAL.retry, request))) return true;
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
    const refused = await store.deliveries.record([{ id: delivery.id, status: "pending", workflowId, asked: true }]);
    if (refused.some(({ why }) => why === "missing")) return false;
    await client.workflow.signalWithStart(WORKFLOW.retryDelivery, {
      workflowId,
      taskQueue,
      args: [input],
      signal: SIGNAL.retry,
      signalArgs: [request],
      typedSearchAttributes: searchAttributesOf(input),
      ...(catalogue && { staticSummary: deliveryWorkflowSummary(catalogue, input, [delivery.eventType]) }),
    });
    return true;
  };
}
