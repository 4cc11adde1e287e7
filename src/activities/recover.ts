/** The activities behind `recovery`: which deliveries are sent again, page by page, and how far it has come. */
import type { Delivery } from "../store/model.js";
import type { DeliveryFilter, Store } from "../store/store.js";
import type { RecoveryFilter, RecoveryInput, RecoveryProgress, RetryDeliveryInput } from "../workflows/contract.js";

export interface RecoverDependencies {
  store: Store;
  /** Signals `retry` for these deliveries to the workflow that looks after them; false when it is not open any more. */
  signalRetry: (workflowId: string, deliveryIds: string[]) => Promise<boolean>;
}

const PAGE = 200;
/** Without a status in the filter, what waits for somebody is sent again. */
const UNDELIVERED: Delivery["status"][] = ["parked", "exhausted"];

/** The activities `recoverPage` and `recordRecovery`. */
export function createRecover({ store, signalRetry }: RecoverDependencies) {
  async function recoverPage(input: RecoveryInput): Promise<{ retries: RetryDeliveryInput[]; cursor?: string; found: number }> {
    const page = await store.deliveries.list({ limit: PAGE, ...(input.cursor !== undefined && { cursor: input.cursor }) }, filterOf(input.filter));
    const retries = new Map<string, RetryDeliveryInput>();
    const erased = await store.events.erasedOf([...new Set(page.data.map(({ eventId }) => eventId))]);
    for (const delivery of await withoutOpenWorkflow(page.data.filter(({ eventId }) => !erased.has(eventId)))) {
      const some = retries.get(delivery.subscriptionId)
        ?? { subscriptionId: delivery.subscriptionId, groupId: delivery.groupId, items: [], parkOpenDays: input.parkOpenDays };
      some.items.push({
        deliveryId: delivery.id, eventId: delivery.eventId, eventType: delivery.eventType, status: "pending",
        attempts: delivery.attemptCount, scheduleBase: delivery.attemptCount, dueAt: Date.now(),
      });
      retries.set(delivery.subscriptionId, some);
    }
    return { retries: [...retries.values()], found: page.data.length, ...(page.next !== undefined && { cursor: page.next }) };
  }

  /** A delivery stays in the care of one workflow: an open one is told to retry, only the others get a new one. */
  async function withoutOpenWorkflow(deliveries: Delivery[]): Promise<Delivery[]> {
    const byWorkflow = new Map<string, Delivery[]>();
    const free: Delivery[] = [];
    for (const delivery of deliveries) {
      if (delivery.workflowId === undefined) free.push(delivery);
      else byWorkflow.set(delivery.workflowId, [...(byWorkflow.get(delivery.workflowId) ?? []), delivery]);
    }
    for (const [workflowId, some] of byWorkflow) {
      if (!(await signalRetry(workflowId, some.map(({ id }) => id)))) free.push(...some);
    }
    return free;
  }

  async function recordRecovery(
    { recoveryId, progress, status, error }: { recoveryId: string; progress: RecoveryProgress; status: "running" | "done" | "failed"; error?: string },
  ): Promise<void> {
    await store.recoveries.update(recoveryId, { progress, status, ...(error !== undefined && { error }) });
  }

  return { recoverPage, recordRecovery };
}

function filterOf(filter: RecoveryFilter): DeliveryFilter {
  return {
    status: filter.status ?? UNDELIVERED,
    ...(filter.groupId !== undefined && { groupIds: [filter.groupId] }),
    ...(filter.subscriptionId !== undefined && { subscriptionId: filter.subscriptionId }),
    ...(filter.eventType !== undefined && { eventType: filter.eventType }),
    ...(filter.since !== undefined && { since: new Date(filter.since) }),
    ...(filter.until !== undefined && { until: new Date(filter.until) }),
  };
}
