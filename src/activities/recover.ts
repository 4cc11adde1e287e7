/**
 * The activities behind `recovery`: which deliveries are sent again, how they are handed over, and what became of them.
 */
import { OPEN_RECOVERY_STATUSES } from "../store/collections/recoveries.js";
import { tellNotice } from "../store/notices/tell-notice.js";
import type { Delivery } from "../store/model.js";
import type { RetryDeliveryInput } from "../workflows/contract.js";
import type { RecoveryActivities, RecoveryInput } from "../workflows/recovery/recovery-contract.js";
import { createRecoveryStep } from "./recovery/recovery-step.js";
import type { RecoverDependencies } from "./recovery/recovery-step.js";
import { findMissing } from "../catalogue/recovery/missing.js";
import { perSecondOf, recoveryFilterOf } from "../catalogue/recovery/recovery-filter.js";
import { withoutCanceller } from "../catalogue/recovery/without-canceller.js";
import { deliveryIdOf } from "../workflows/event-id.js";

const PAGE = 200;
/** A page of what is missing may read many events. It gives what it has found after this time. */
const LOOK_FOR_MS = 10_000;

export function createRecover(dependencies: RecoverDependencies): RecoveryActivities {
  const { store, catalogue } = dependencies;
  return {
    recoverySubscriptions: async ({ filter }) => store.deliveries.subscriptionsOf(recoveryFilterOf(filter)),
    async recoveryPage({ filter, subscriptionId, cursor, order = "desc" }) {
      if (filter.mode === "missing")
        return missingPage(dependencies, { filter, subscriptionId, order, ...(cursor !== undefined && { cursor }) });
      const page = await store.deliveries.list(
        { limit: PAGE, order, ...(cursor !== undefined && { cursor }) },
        recoveryFilterOf({ ...filter, subscriptionId }),
      );
      return {
        deliveries: page.data.map(({ id, attemptCount }) => ({ id, attempts: attemptCount })),
        perSecond: perSecondOf(catalogue.subscription(subscriptionId)),
        ...(page.next !== undefined && { cursor: page.next }),
      };
    },
    recoveryStep: createRecoveryStep(dependencies),
    async recordRecovery({ recoveryId, ...change }) {
      await store.recoveries.report(recoveryId, change);
      if (!OPEN_RECOVERY_STATUSES.includes(change.status)) await tellFinished(dependencies, recoveryId);
    },
    recoverPage: createRecoverPage(dependencies),
  };
}

/** Events without a delivery. They get one when their turn has come. */
async function missingPage(
  dependencies: RecoverDependencies,
  { filter, subscriptionId, cursor, order }: Parameters<RecoveryActivities["recoveryPage"]>[0],
): ReturnType<RecoveryActivities["recoveryPage"]> {
  const { catalogue } = dependencies;
  await catalogue.refresh();
  const { eventType, since = 0, until = Date.now() } = filter;
  const found = await findMissing(
    dependencies,
    { subscriptionId, since: new Date(since), until: new Date(until), ...(eventType !== undefined && { eventType }) },
    { order: order ?? "desc", most: PAGE, forMs: LOOK_FOR_MS, ...(cursor !== undefined && { cursor }) },
  );
  return {
    deliveries: found.events.map(({ id }) => ({ id: deliveryIdOf(id, subscriptionId), attempts: 0 })),
    perSecond: perSecondOf(catalogue.subscription(subscriptionId)),
    ...(found.cursor !== undefined && { cursor: found.cursor }),
  };
}

/** The end of a recovery is told once. Its record says whose it is. */
async function tellFinished({ store, log }: RecoverDependencies, recoveryId: string): Promise<void> {
  const recovery = await store.recoveries.get(recoveryId);
  if (!recovery) return;
  const { groupId = recovery.filter.groupId, filter, status, progress, error } = recovery;
  const { subscriptionId } = filter;
  tellNotice(
    store,
    {
      id: `recovery.finished/${recoveryId}`,
      kind: "recovery.finished",
      at: new Date(),
      subject: recoveryId,
      ...(groupId !== undefined && { groupId }),
      ...(subscriptionId !== undefined && { subscriptionId }),
      ...(error !== undefined && { reason: withoutCanceller(error) }),
      detail: { status, sent: progress.sent, delivered: progress.delivered, failedAgain: progress.failedAgain },
    },
    log,
  );
}

/** For recoveries that began under the first release: the page that was under way is handed over at once. */
function createRecoverPage({ store, signalRetry }: RecoverDependencies) {
  async function recoverPage(
    input: RecoveryInput,
  ): Promise<{ retries: RetryDeliveryInput[]; cursor?: string; found: number }> {
    const page = await store.deliveries.list(
      { limit: PAGE, ...(input.cursor !== undefined && { cursor: input.cursor }) },
      recoveryFilterOf(input.filter),
    );
    const retries = new Map<string, RetryDeliveryInput>();
    const erased = await store.events.erasedOf([...new Set(page.data.map(({ eventId }) => eventId))]);
    for (const delivery of await withoutOpenWorkflow(page.data.filter(({ eventId }) => !erased.has(eventId)))) {
      const some = retries.get(delivery.subscriptionId) ?? {
        subscriptionId: delivery.subscriptionId,
        groupId: delivery.groupId,
        items: [],
        parkOpenDays: input.parkOpenDays,
      };
      some.items.push({
        deliveryId: delivery.id,
        eventId: delivery.eventId,
        eventType: delivery.eventType,
        status: "pending",
        attempts: delivery.attemptCount,
        scheduleBase: delivery.attemptCount,
        dueAt: Date.now(),
      });
      retries.set(delivery.subscriptionId, some);
    }
    return {
      retries: [...retries.values()],
      found: page.data.length,
      ...(page.next !== undefined && { cursor: page.next }),
    };
  }

  /** A delivery stays in the care of one workflow. An open one is told to retry, and only the others get a new one. */
  async function withoutOpenWorkflow(deliveries: Delivery[]): Promise<Delivery[]> {
    const byWorkflow = new Map<string, Delivery[]>();
    const free: Delivery[] = [];
    for (const delivery of deliveries) {
      if (delivery.workflowId === undefined) free.push(delivery);
      else byWorkflow.set(delivery.workflowId, [...(byWorkflow.get(delivery.workflowId) ?? []), delivery]);
    }
    for (const [workflowId, some] of byWorkflow) {
      if (
        !(await signalRetry(
          workflowId,
          some.map(({ id }) => id),
        ))
      )
        free.push(...some);
    }
    return free;
  }
  return recoverPage;
}
