/** Records of first attempts, and what of them is left to `retryDelivery`. */
import type { Logger } from "pino";
import type { Delivery } from "../store/model.js";
import type { Store } from "../store/store.js";
import { type RetryItem, retryWorkflowId, SETTLED_STATUSES } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { apiOf } from "../catalogue/routes.js";
import type { FirstOutcome, Route } from "./first-attempts.js";
import type { SubscriptionEffects } from "./subscription-effects.js";

export interface RecordOutcomesDependencies {
  catalogue: Pick<Catalogue, "eventType">;
  store: Store;
  effects: SubscriptionEffects;
  log: Logger;
}

/** A route with what became of it. */
export interface Done {
  route: Route;
  outcome: FirstOutcome;
}

/** A route that `retryDelivery` goes on with. */
export interface LeftRoute {
  route: Route;
  item: RetryItem;
}

/**
 * What another workflow looks after is left to it: an event may be taken over while retries of its earlier owner still
 * run.
 */
export function keepGoing(owner: string, before: Delivery, route: Route, left: LeftRoute[]): void {
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

/**
 * Writes what became of routes, and puts those that need time into `left`.
 * @throws StoreError when the records cannot be written or read
 */
export async function recordAll(
  dependencies: RecordOutcomesDependencies,
  owner: string,
  done: readonly Done[],
  left: LeftRoute[],
): Promise<void> {
  if (done.length === 0) return;
  const { store, effects, log } = dependencies;
  const known = await store.deliveries.insertMany(
    done.map(({ route, outcome }) => deliveryOf(dependencies, owner, route, outcome)),
  );
  if (known.length > 0) log.warn({ owner, deliveries: known }, "delivery records were there before");
  const before = known.length > 0 ? await store.deliveries.getMany(known) : new Map<string, Delivery>();
  for (const { route, outcome } of done) {
    const record = before.get(route.deliveryId);
    if (record) keepGoing(owner, await withAttempt(store, record, outcome), route, left);
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
  { catalogue }: Pick<RecordOutcomesDependencies, "catalogue">,
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
      ...("dueAt" in outcome && outcome.dueAt !== undefined && { nextAttemptAt: new Date(outcome.dueAt) }),
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

/** What `retryDelivery` is to do with a route; undefined when nothing is left to do. */
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
      ...("dueAt" in outcome && outcome.dueAt !== undefined && { dueAt: outcome.dueAt }),
      ...("reservation" in outcome && outcome.reservation && { reservation: outcome.reservation }),
      ...("unsure" in outcome && outcome.unsure && { unsure: outcome.unsure }),
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
