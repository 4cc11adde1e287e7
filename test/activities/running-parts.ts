/** Small parts of a running worker (running-worker.ts). */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import { newId } from "../../src/store/ids.js";
import type { Subscription } from "../../src/store/model.js";

/** An active subscription to one event type. */
export const subscriptionTo = ({
  url,
  groupId,
  eventType,
}: Record<"url" | "groupId" | "eventType", string>): Subscription => ({
  id: newId("sub"),
  groupId,
  url,
  eventTypes: [eventType],
  secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
});

/** Waits until the workflow is there, and then for its end. */
export async function endOf(client: Client, workflowId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  for (let isThere = false; !isThere; await delay(20))
    isThere = await handle.describe().then(
      () => true,
      () => false,
    );
  await handle.result();
}
