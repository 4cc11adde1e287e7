/** Delivers routes and records what became of them; what needs time is handed back for `retryDelivery`. */
import type { Logger } from "pino";
import type { Delivery } from "../store/model.js";
import { inTimeOr } from "../store/deadline.js";
import type { Store } from "../store/store.js";
import {
  type DispatchResult,
  type RetryDeliveryInput,
  type RetryItem,
  retryWorkflowId,
  SETTLED_STATUSES,
} from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { type FirstAttemptsDependencies, type FirstOutcome, firstAttempts, type Route } from "./first-attempts.js";
import { apiOf } from "../catalogue/routes.js";
import type { SubscriptionEffects } from "./subscription-effects.js";
import { deliveryWorkflowSummary } from "../catalogue/workflow-summary.js";

export interface DeliverRoutesDependencies extends FirstAttemptsDependencies {
  catalogue: Pick<Catalogue, "group" | "subscription" | "eventType">;
  store: Store;
  effects: SubscriptionEffects;
  log: Logger;
  parkOpenDays: number;
  /**
   * Outcomes of attempts whose record could not be written yet; a rerun in the same process takes them from here
   * instead of sending again.
   */
  unrecorded: Map<string, FirstOutcome>;
}

export interface DeliverRoutesOrder {
  /** The workflow that dispatches. */
  owner: string;
  rerun: boolean;
  routes: Route[];
  /** Called once, when everything is done or only slow attempts are left. */
  onPrompt?: () => void;
}

/** After this time what is settled is recorded, and the slow rest later: one slow endpoint delays no other's record. */
const PROMPT_MS = 1_000;

interface Done {
  route: Route;
  outcome: FirstOutcome;
}

/**
 * @throws StoreError when records cannot be read or written; outcomes are kept then and nothing is sent twice by this
 * process.
 */
export async function deliverRoutes(
  dependencies: DeliverRoutesDependencies,
  order: DeliverRoutesOrder,
): Promise<DispatchResult> {
  const { owner, routes } = order;
  const recordedBefore = order.rerun
    ? await dependencies.store.deliveries.getMany(routes.map(({ deliveryId }) => deliveryId))
    : new Map<string, Delivery>();
  const left: { route: Route; item: RetryItem }[] = [];
  let done: Done[] = [];
  const todo: Route[] = [];
  for (const route of routes) {
    const before = recordedBefore.get(route.deliveryId);
    const kept = dependencies.unrecorded.get(route.deliveryId);
    // Also where a record is there: it may be that of an earlier try, which landed late.
    if (kept) done.push({ route, outcome: kept });
    else if (before) keepGoing(owner, before, route, left);
    // A filter that was changed between two runs leaves alone what the first one made.
    else if (route.filtered !== "excluded") todo.push(route);
  }
  const record = async (): Promise<void> => {
    const now = done;
    done = [];
    await recordAll(dependencies, owner, now, left);
  };
  const sending = firstAttempts(dependencies, todo, (route, outcome) => {
    dependencies.unrecorded.set(route.deliveryId, outcome);
    done.push({ route, outcome });
  });
  try {
    if (await isSlow(sending)) await record();
    order.onPrompt?.();
  } finally {
    // Also after a failed record: a rerun in this process must find the outcomes of what is under way, or it would send
    // that again.
    await sending;
  }
  await record();
  return { retries: grouped(left, dependencies) };
}

const isSlow = (sending: Promise<void>): Promise<boolean> =>
  inTimeOr(
    PROMPT_MS,
    sending.then(() => false),
    true,
  );

/**
 * What another workflow looks after is left to it: an event may be taken over while retries of its earlier owner still
 * run.
 */
function keepGoing(owner: string, before: Delivery, route: Route, left: { route: Route; item: RetryItem }[]): void {
  if (SETTLED_STATUSES.includes(before.status)) return;
  if (before.workflowId !== undefined && before.workflowId !== retryWorkflowId(owner, before.subscriptionId)) return;
  left.push({
    route,
    item: {
      deliveryId: before.id,
      eventId: before.eventId,
      eventType: before.eventType,
      status: before.status,
      attempts: before.attemptCount,
      scheduleBase: 0,
      ...(before.nextAttemptAt && { dueAt: before.nextAttemptAt.getTime() }),
      ...(before.reason !== undefined && { reason: before.reason }),
    },
  });
}

async function recordAll(
  dependencies: DeliverRoutesDependencies,
  owner: string,
  done: Done[],
  left: { route: Route; item: RetryItem }[],
): Promise<void> {
  if (done.length === 0) return;
  const { store, effects, unrecorded, log } = dependencies;
  const known = await store.deliveries.insertMany(
    done.map(({ route, outcome }) => deliveryOf(dependencies, owner, route, outcome)),
  );
  if (known.length > 0) log.warn({ owner, deliveries: known }, "delivery records were there before");
  const before = known.length > 0 ? await store.deliveries.getMany(known) : new Map<string, Delivery>();
  for (const { route, outcome } of done) {
    const record = before.get(route.deliveryId);
    if (record) keepGoing(owner, await withAttempt(store, record, outcome), route, left);
    unrecorded.delete(route.deliveryId);
    const item = record ? undefined : itemOf(route, outcome);
    if (item) left.push({ route, item });
    if (outcome.kind === "attempted" && outcome.result.effect)
      await effects.apply(route.subscription, outcome.result.effect);
  }
}

/**
 * A record that was there before, with the attempt that was made here. It is the same one when our own earlier write
 * landed late. Else an earlier run in another process made one as well: both are told, and the newer one says how the
 * delivery stands.
 */
async function withAttempt(store: Store, record: Delivery, outcome: FirstOutcome): Promise<Delivery> {
  const made = outcome.kind === "attempted" ? outcome.result : undefined;
  if (
    !made?.attempt ||
    record.attempts.some(
      ({ at, outcome: code }) => at.getTime() === made.attempt?.at.getTime() && code === made.attempt.outcome,
    )
  )
    return record;
  const attempt = { ...made.attempt, number: record.attemptCount + 1 };
  const nextAttemptAt = made.status === "retrying" ? new Date(made.dueAt) : null;
  const [refused] = await store.deliveries.record([
    {
      id: record.id,
      groupId: record.groupId,
      attempt,
      attemptCount: attempt.number,
      status: made.status,
      reason: made.reason ?? null,
      nextAttemptAt,
      ...(SETTLED_STATUSES.includes(made.status) && { workflowId: null }),
    },
  ]);
  if (refused?.stands) return refused.stands;
  const { nextAttemptAt: _before, reason: _former, ...rest } = record;
  return {
    ...rest,
    status: made.status,
    attemptCount: attempt.number,
    ...(nextAttemptAt && { nextAttemptAt }),
    ...(made.reason !== undefined && { reason: made.reason }),
  };
}

function deliveryOf(
  { catalogue }: Pick<DeliverRoutesDependencies, "catalogue">,
  owner: string,
  route: Route,
  outcome: FirstOutcome,
): Delivery {
  const { event, subscription } = route;
  const now = new Date();
  const apiId = apiOf(catalogue, event.type);
  const base = {
    ...(apiId !== "" && { apiId }),
    id: route.deliveryId,
    eventId: event.id,
    subscriptionId: subscription.id,
    groupId: subscription.groupId,
    eventType: event.type,
    createdAt: now,
    updatedAt: now,
  };
  const workflow = { workflowId: retryWorkflowId(owner, subscription.id) };
  if (outcome.kind === "left") {
    return {
      ...base,
      ...workflow,
      status: outcome.status,
      attemptCount: 0,
      attempts: [],
      ...("dueAt" in outcome && { nextAttemptAt: new Date(outcome.dueAt) }),
      ...("reason" in outcome && { reason: outcome.reason }),
    };
  }
  const { result } = outcome;
  return {
    ...base,
    ...(result.attempt && { createdAt: result.attempt.at }),
    status: result.status,
    attempts: result.attempt ? [result.attempt] : [],
    attemptCount: result.attempt ? 1 : 0,
    ...(result.reason !== undefined && { reason: result.reason }),
    ...(result.status === "retrying" && { nextAttemptAt: new Date(result.dueAt) }),
    ...(!SETTLED_STATUSES.includes(result.status) && workflow),
  };
}

function itemOf(route: Route, outcome: FirstOutcome): RetryItem | undefined {
  const base = { deliveryId: route.deliveryId, eventId: route.event.id, eventType: route.event.type, scheduleBase: 0 };
  // It looks for itself once its workflow is there to be told: a resume meanwhile has told nobody.
  if (outcome.kind === "left" && outcome.status === "held")
    return { ...base, status: "pending", attempts: 0, dueAt: Date.now() };
  if (outcome.kind === "left") {
    return {
      ...base,
      status: outcome.status,
      attempts: 0,
      ...("dueAt" in outcome && {
        dueAt: outcome.dueAt,
        ...(outcome.reservation && { reservation: outcome.reservation }),
      }),
      ...("reason" in outcome && { reason: outcome.reason, since: Date.now() }),
    };
  }
  const { result } = outcome;
  if (SETTLED_STATUSES.includes(result.status)) return undefined;
  return {
    ...base,
    status: result.status,
    attempts: result.attempt ? 1 : 0,
    since: Date.now(),
    ...(result.reason !== undefined && { reason: result.reason }),
    ...(result.status === "retrying" && { dueAt: result.dueAt }),
  };
}

function grouped(
  left: { route: Route; item: RetryItem }[],
  { catalogue, parkOpenDays }: Pick<DeliverRoutesDependencies, "catalogue" | "parkOpenDays">,
): RetryDeliveryInput[] {
  const bySubscription = new Map<string, RetryDeliveryInput>();
  for (const {
    route: { subscription },
    item,
  } of left) {
    const some = bySubscription.get(subscription.id);
    if (some) some.items.push(item);
    else
      bySubscription.set(subscription.id, {
        subscriptionId: subscription.id,
        groupId: subscription.groupId,
        items: [item],
        parkOpenDays,
      });
  }
  return [...bySubscription.values()].map((retry) => ({
    ...retry,
    asOf: Date.now(),
    summary: deliveryWorkflowSummary(
      catalogue,
      retry,
      retry.items.map(({ eventType }) => eventType),
    ),
  }));
}
