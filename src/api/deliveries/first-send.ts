/** Sends an event to a subscription that has no delivery of it. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Store } from "../../store/store.js";
import type { Operations } from "../dependencies.js";

/** `Operations.sendFirst`. */
export function createFirstSend(
  { client, store }: { client: Client; store: Pick<Store, "deliveries" | "owners" | "routings"> },
  resend: Operations["resend"],
): Operations["sendFirst"] {
  async function isRunning(workflowId: string): Promise<boolean> {
    try {
      const { status } = await client.workflow.getHandle(workflowId).describe();
      return status.name === "RUNNING";
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }
  /** Whether the dispatch of the event may still make a delivery of its own. */
  async function isUnderWay(owner: string): Promise<boolean> {
    if ((await store.owners.all()).some(({ open }) => open.includes(owner))) return true;
    if (await isRunning(owner)) return true;
    for (const page of (await store.routings.pagesOf([owner])).get(owner) ?? []) if (await isRunning(page)) return true;
    return false;
  }
  return async (delivery, owner, by) => {
    if (await isUnderWay(owner)) return "under_way";
    // The id is the one that a dispatch would give, so one of two writers makes the record.
    if ((await store.deliveries.insertMany([delivery])).length > 0) return "exists";
    await resend(delivery, by);
    return "sent";
  };
}
