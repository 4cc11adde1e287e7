/** Cancels deliveries: by their open workflows, and on record where none looks after them. */
import type { Delivery } from "../../store/model.js";
import { PAGE_LIMIT } from "../../store/mongo/paging.js";
import type { Store } from "../../store/store.js";
import { DELIVERY_STATUSES, SETTLED_STATUSES, SIGNAL } from "../../workflows/contract.js";
import type { Operations } from "../dependencies.js";
import type { SendSignal } from "./signal.js";

/** `Operations.cancel`. */
export function createCancel(store: Store, signal: SendSignal): Operations["cancel"] {
  return async (delivery, by) => {
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
        reason: `Cancelled by hand. (by ${by})`,
        asked: true,
      },
    ]);
    return !refused.some(({ why }) => why === "settled");
  };
}

/** Page by page: cancelled deliveries leave the filter, and the cursor is a time and an id that stay. */
export function createCancelAll(store: Store, signal: SendSignal): Operations["cancelAll"] {
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
