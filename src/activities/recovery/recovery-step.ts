/**
 * The activity `recoveryStep`: one hand-over of a recovery to one subscription, and a look at the hand-overs before.
 */
import { activityInfo } from "@temporalio/activity";
import type { Logger } from "pino";
import { sideBySide } from "../../side-by-side.js";
import type { Delivery } from "../../store/model.js";
import type { DeliveryChange, Store } from "../../store/store.js";
import type {
  RecoveryStep,
  RecoveryStepInput,
  SkipReason,
  WatchedDelivery,
} from "../../workflows/recovery/recovery-contract.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { routingOf, TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import { LIFE } from "../../store/subscription-life.js";
import { makeMissing, type MissingRecordsDependencies, type Unmade } from "./missing-records.js";
import { deliveryWorkflowSummary } from "../../catalogue/workflow-summary.js";
import { perSecondOf } from "../../catalogue/recovery/recovery-filter.js";
/** Signals under way at once: each parked delivery may have a workflow of its own. */
const SIGNALS_AT_ONCE = 16;

/** A delivery on its way out. */
interface Order {
  delivery: Delivery;
  notBefore: number;
}

/** Runs again after a crash. What an earlier run handed over is told by the records and not handed over twice. */
export function createRecoveryStep(
  dependencies: RecoverDependencies,
): (input: RecoveryStepInput) => Promise<RecoveryStep> {
  const { store, catalogue } = dependencies;
  return async (input) => {
    // A pause or a new rate of a moment ago must count.
    await catalogue.refresh();
    const rerun = activityInfo().attempt > 1;
    const at = Date.now();
    const read = await store.deliveries.getMany([...input.send, ...input.watch].map(({ id }) => id));
    const { records, unmade } = input.missing
      ? await withMissing(dependencies, input, read)
      : { records: read, unmade: NONE_UNMADE };
    const { orders, sent: sentBefore, skipped } = await sort(dependencies, input, { records, unmade, rerun, at });
    const live = input.look ? await lookForLive(store, input) : undefined;
    const free = await signalOpen(dependencies, input, orders);
    // Before the workflow starts. What has been attempted since it was read here is not ours any more.
    const refused = new Set(
      (free.length === 0
        ? []
        : await store.deliveries.record(
            free.map(({ delivery: { id, attemptCount } }): DeliveryChange => ({
              id,
              status: "pending",
              workflowId: input.workflowId,
              reason: null,
              nextAttemptAt: null,
              attempts: attemptCount,
              asked: true,
            })),
          )
      ).map(({ id }) => id),
    );
    const ours = (some: readonly Order[]): Order[] => some.filter(({ delivery }) => !refused.has(delivery.id));
    const retry = retryOf(catalogue, input, ours(free));
    return {
      ...(retry && { retry }),
      ...resultsOf(input.watch, records),
      perSecond: perSecondOf(catalogue.subscription(input.subscriptionId)),
      skipped: refused.size > 0 ? { ...skipped, changed: (skipped.changed ?? 0) + refused.size } : skipped,
      sent: [
        ...sentBefore,
        ...ours(orders).map(({ delivery }) => ({ id: delivery.id, attempts: delivery.attemptCount, at })),
      ],
      ...(live && { live }),
    };
  };
}

const NONE_UNMADE: Unmade = new Map();

/** The records, with those that are made now for events without a delivery. */
async function withMissing(
  dependencies: RecoverDependencies,
  { subscriptionId, workflowId, send }: RecoveryStepInput,
  records: Map<string, Delivery>,
): Promise<{ records: Map<string, Delivery>; unmade: Unmade }> {
  const { store, catalogue } = dependencies;
  // What an earlier run made goes out. Its workflow holds it where the subscription is out of service.
  const allOf = (reason: SkipReason): Unmade =>
    new Map(send.flatMap(({ id }) => (records.has(id) ? [] : [[id, reason] as const])));
  const subscription = catalogue.subscription(subscriptionId);
  if (!subscription) return { records, unmade: allOf("subscription_deleted") };
  if (LIFE[subscription.status].routing !== "sent") return { records, unmade: allOf("subscription_not_in_service") };
  const unmade = await makeMissing(dependencies, { subscription, workflowId }, send, records);
  const made = send.flatMap(({ id }) => (records.has(id) || unmade.has(id) ? [] : id));
  return { records: new Map([...records, ...(await store.deliveries.getMany(made))]), unmade };
}

interface Look {
  records: Map<string, Delivery>;
  unmade: Unmade;
  rerun: boolean;
  at: number;
}

/** What goes out now, what an earlier run of this step sent, and what does not go out, by reason. */
async function sort(
  { store, catalogue }: RecoverDependencies,
  input: RecoveryStepInput,
  { records, unmade, rerun, at }: Look,
) {
  const erased = await store.events.erasedOf([
    ...new Set(input.send.flatMap(({ id }) => records.get(id)?.eventId ?? [])),
  ]);
  const orders: Order[] = [];
  const sent: WatchedDelivery[] = [];
  const skipped: Partial<Record<SkipReason, number>> = {};
  const whyNot = (delivery: Delivery): SkipReason | undefined =>
    erased.has(delivery.eventId) ? "erased" : input.missing ? undefined : refusalOf(catalogue, delivery);
  for (const { id, attempts, notBefore } of input.send) {
    const delivery = records.get(id);
    const ours = delivery?.workflowId === input.workflowId;
    if (rerun && delivery && delivery.attemptCount > attempts) {
      sent.push({ id, attempts, at });
      continue;
    }
    const unchanged = delivery?.attemptCount === attempts && (ours || input.statuses.includes(delivery.status));
    const reason = unmade.get(id) ?? (delivery && unchanged ? whyNot(delivery) : "changed");
    if (delivery && !reason) orders.push({ delivery, notBefore });
    else skipped[reason ?? "changed"] = (skipped[reason ?? "changed"] ?? 0) + 1;
  }
  return { orders, sent, skipped };
}

/** Why the subscription gets nothing now. A paused one would get all of it at once when it is resumed. */
function refusalOf(catalogue: Catalogue, { subscriptionId, eventType, groupId }: Delivery): SkipReason | undefined {
  const subscription = catalogue.subscription(subscriptionId);
  if (!subscription) return "subscription_deleted";
  if (routingOf(subscription, eventType) !== "sent") return "subscription_not_in_service";
  return eventType === TEST_EVENT_TYPE || catalogue.granted(groupId, eventType) ? undefined : "not_granted";
}

/** A delivery stays in the care of one workflow: an open one is told to retry. Gives those that need a new one. */
async function signalOpen(
  { signalRetry }: RecoverDependencies,
  { workflowId: own }: RecoveryStepInput,
  orders: readonly Order[],
): Promise<Order[]> {
  const byWorkflow = new Map<string, Order[]>();
  const free: Order[] = [];
  for (const order of orders) {
    const { workflowId } = order.delivery;
    if (workflowId === undefined || workflowId === own) free.push(order);
    else byWorkflow.set(workflowId, [...(byWorkflow.get(workflowId) ?? []), order]);
  }
  const open = [...byWorkflow];
  await sideBySide(SIGNALS_AT_ONCE, open, async ([workflowId, some]) => {
    const told = await signalRetry(
      workflowId,
      some.map(({ delivery }) => delivery.id),
      some.map(({ notBefore }) => notBefore),
    );
    if (!told) free.push(...some);
  });
  return free.sort((a, b) => a.notBefore - b.notBefore);
}

function retryOf(
  catalogue: Catalogue,
  { subscriptionId, parkOpenDays }: RecoveryStepInput,
  free: readonly Order[],
): RecoveryStep["retry"] {
  const [first] = free;
  if (!first) return undefined;
  const items = free.map(({ delivery, notBefore }) => ({
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    status: "pending" as const,
    attempts: delivery.attemptCount,
    scheduleBase: delivery.attemptCount,
    dueAt: Date.now(),
    notBefore,
  }));
  const retry = { subscriptionId, groupId: first.delivery.groupId, parkOpenDays, items };
  return {
    ...retry,
    summary: deliveryWorkflowSummary(
      catalogue,
      retry,
      items.map(({ eventType }) => eventType),
    ),
  };
}

/**
 * The first attempt after the hand-over decides. What is held is not watched on: it goes out when the subscription is
 * resumed.
 */
function resultsOf(
  watched: readonly WatchedDelivery[],
  records: Map<string, Delivery>,
): Pick<RecoveryStep, "delivered" | "failedAgain" | "watch"> {
  const results = { delivered: 0, failedAgain: 0, watch: [] as WatchedDelivery[] };
  for (const each of watched) {
    const record = records.get(each.id);
    if (!record || record.status === "held") continue;
    const attempted = record.attemptCount > each.attempts;
    // Parked or given up without an attempt: the content cannot be opened, or somebody cancelled it.
    const ended = record.updatedAt.getTime() > each.at && ["parked", "exhausted", "cancelled"].includes(record.status);
    if (attempted && record.status === "delivered") results.delivered += 1;
    else if (attempted || ended) results.failedAgain += 1;
    else results.watch.push(each);
  }
  return results;
}

/**
 * Live traffic waits when a delivery of the subscription that is not this recovery's own should have gone out by now.
 */
async function lookForLive(
  store: Store,
  { subscriptionId, send, watch }: RecoveryStepInput,
): Promise<NonNullable<RecoveryStep["live"]>> {
  const started = performance.now();
  const own = new Set([...send, ...watch].map(({ id }) => id));
  const waiting = await store.deliveries.waiting(subscriptionId, own.size + 1);
  return { waits: waiting.some((id) => !own.has(id)), tookMs: Math.round(performance.now() - started) };
}

export interface RecoverDependencies extends Pick<MissingRecordsDependencies, "isIdle"> {
  store: Store;
  catalogue: Catalogue;
  log: Pick<Logger, "warn">;
  /**
   * Signals `retry` for these deliveries to the workflow that looks after them. False when it is not open any more.
   * `notBefore`: for each of them, milliseconds since the epoch.
   */
  signalRetry: (workflowId: string, deliveryIds: string[], notBefore?: number[]) => Promise<boolean>;
}
