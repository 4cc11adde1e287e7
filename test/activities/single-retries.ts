/** Workflows that look after one delivery each, as events that come one by one leave them. */
import { randomBytes } from "node:crypto";
import { newId } from "../../src/store/ids.js";
import type { Subscription } from "../../src/store/model.js";
import { WORKFLOW } from "../../src/workflows/contract.js";
import type { RunningWorker } from "./running-worker.js";

/** Starts one `retryDelivery` for each of `count` events that were accepted and never attempted. */
export async function singleRetries(
  worker: RunningWorker,
  eventType: string,
  { id: subscriptionId, groupId }: Subscription,
  count: number,
): Promise<{ deliveryId: string; workflowId: string }[]> {
  const now = new Date();
  const all = Array.from({ length: count }, () => {
    const eventId = newId("evt");
    const workflowId = `retry/${eventId}-${randomBytes(3).toString("hex")}`;
    return { eventId, deliveryId: `${eventId}.${subscriptionId}`, workflowId };
  });
  const event = { type: eventType, apiId: worker.apiId, contentType: "application/json", sha256: "", size: 2 };
  await worker.store.events.insertMany(
    all.map(({ eventId }) => ({
      record: { ...event, id: eventId, acceptedAt: now, owner: eventId },
      payload: Buffer.from("{}"),
    })),
  );
  const base = { subscriptionId, groupId, eventType, status: "pending" as const };
  await worker.store.deliveries.insertMany(
    all.map(({ eventId, deliveryId }) => ({
      ...base,
      id: deliveryId,
      eventId,
      createdAt: now,
      updatedAt: now,
      attemptCount: 0,
      attempts: [],
    })),
  );
  const item = { eventType, status: "pending" as const, attempts: 0, scheduleBase: 0 };
  await Promise.all(
    all.map(({ eventId, deliveryId, workflowId }) =>
      worker.client.workflow.start(WORKFLOW.retryDelivery, {
        workflowId,
        taskQueue: worker.taskQueue,
        args: [{ subscriptionId, groupId, parkOpenDays: 7, items: [{ ...item, eventId, deliveryId }] }],
      }),
    ),
  );
  return all;
}
