/**
 * What the records of first attempts say, and what they leave to `retryDelivery`. Pure functions, so that the model of
 * the protocol (test/model) and the dispatch decide by the same lines.
 */
import type { Attempt, Delivery } from "../store/model.js";
import type { DeliveryChange } from "../store/store.js";
import { recordedByOurClock } from "../workflows/clocks.js";
import { formerRetryWorkflowId, type RetryItem, retryWorkflowId, SETTLED_STATUSES } from "../workflows/contract.js";
import type { FirstOutcome } from "./first-attempts.js";

/** What a record needs of a route. */
export interface RouteOfRecord {
  deliveryId: string;
  event: { id: string; type: string };
  subscription: { id: string; groupId: string };
}

/** Whose workflow goes on with deliveries that the dispatch does not settle. */
export interface HandingOver {
  owner: string;
  /** One workflow takes the deliveries of all subscriptions. Workers of earlier releases know only one for each. */
  isShared: boolean;
}

/** Id of the workflow that a delivery is handed over to. */
export const handedTo = ({ owner, isShared }: HandingOver, subscriptionId: string): string =>
  isShared ? retryWorkflowId(owner) : formerRetryWorkflowId(owner, subscriptionId);

/** Until its workflow is there to be told, a person may have a delivery sent again by another one. */
const UNSURE = { unsure: true } as const;

/**
 * What `owner` has to do with a delivery that is on record already. Undefined when there is nothing for it to do. What
 * another workflow looks after is left to that one, because an event may be taken over while retries of its earlier
 * owner still run. `former` are earlier owners whose workflows never had the event, so nothing of theirs runs.
 */
export function itemGoingOn(
  { owner, former = [], now }: { owner: string; former?: readonly string[] | undefined; now: number },
  before: Delivery,
): RetryItem | undefined {
  const { id, subscriptionId, workflowId, status } = before;
  if (SETTLED_STATUSES.includes(status)) return undefined;
  // In both forms: a worker of the release before may have written the record.
  const own = [owner, ...former].flatMap((each) => [
    retryWorkflowId(each),
    formerRetryWorkflowId(each, subscriptionId),
  ]);
  if (workflowId !== undefined && !own.includes(workflowId)) return undefined;
  return {
    deliveryId: id,
    eventId: before.eventId,
    eventType: before.eventType,
    status,
    attempts: before.attemptCount,
    scheduleBase: 0,
    ...UNSURE,
    ...(before.nextAttemptAt && {
      dueAt: recordedByOurClock(before.nextAttemptAt.getTime(), before.updatedAt.getTime(), now),
    }),
    ...(before.reason !== undefined && { reason: before.reason }),
  };
}

/**
 * What an attempt that was made here changes in a record that was there before. Undefined when the record has it: it is
 * the same one when our own earlier write landed late. Else an earlier run in another process made one as well. Both
 * are told then, and the newer one says how the delivery stands.
 */
export function addedAttempt(
  record: Delivery,
  outcome: FirstOutcome,
): (DeliveryChange & { attempt: Attempt }) | undefined {
  const made = outcome.kind === "attempted" ? outcome.result : undefined;
  if (!made?.attempt || hasAttempt(record, made.attempt)) return undefined;
  const attempt = { ...made.attempt, number: record.attemptCount + 1 };
  return {
    id: record.id,
    groupId: record.groupId,
    attempt,
    attemptCount: attempt.number,
    status: made.status,
    reason: made.reason ?? null,
    nextAttemptAt: made.status === "retrying" ? new Date(made.dueAt) : null,
    ...(SETTLED_STATUSES.includes(made.status) && { workflowId: null }),
  };
}

const hasAttempt = ({ attempts }: Delivery, made: Omit<Attempt, "number">): boolean =>
  attempts.some(({ at, outcome }) => at.getTime() === made.at.getTime() && outcome === made.outcome);

/** The record after that change was made. */
export function withChange(
  record: Delivery,
  { status, attemptCount, nextAttemptAt, reason }: DeliveryChange,
): Delivery {
  const { nextAttemptAt: _before, reason: _former, ...rest } = record;
  return {
    ...rest,
    ...(status !== undefined && { status }),
    ...(attemptCount !== undefined && { attemptCount }),
    ...(nextAttemptAt && { nextAttemptAt }),
    ...(reason && { reason }),
  };
}

/** The first record of a delivery, by what became of its route. `apiId` is empty for types of the service's own. */
export function firstRecordOf(
  { apiId, now, ...handing }: HandingOver & { apiId: string; now: Date },
  { deliveryId, event, subscription }: RouteOfRecord,
  outcome: FirstOutcome,
): Delivery {
  const base = {
    ...(apiId !== "" && { apiId }),
    id: deliveryId,
    eventId: event.id,
    subscriptionId: subscription.id,
    groupId: subscription.groupId,
    eventType: event.type,
    createdAt: now,
    updatedAt: now,
  };
  const workflow = { workflowId: handedTo(handing, subscription.id) };
  if (outcome.kind === "left") {
    return {
      ...base,
      ...workflow,
      status: outcome.status,
      attemptCount: 0,
      attempts: [],
      ...("dueAt" in outcome && outcome.dueAt !== undefined && { nextAttemptAt: new Date(outcome.dueAt) }),
      ...("reason" in outcome && outcome.reason !== undefined && { reason: outcome.reason }),
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

/** What `retryDelivery` is to do with a route. Undefined when nothing is left to do. */
export function itemOf({ deliveryId, event }: RouteOfRecord, outcome: FirstOutcome): RetryItem | undefined {
  const base = { deliveryId, eventId: event.id, eventType: event.type, scheduleBase: 0, ...UNSURE };
  // It looks for itself once its workflow is there to be told: a resume meanwhile found no workflow to tell.
  if (outcome.kind === "left" && outcome.status === "held")
    return { ...base, status: "pending", attempts: 0, dueAt: Date.now() };
  if (outcome.kind === "left") {
    return {
      ...base,
      status: outcome.status,
      attempts: 0,
      ...("dueAt" in outcome && outcome.dueAt !== undefined && { dueAt: outcome.dueAt }),
      ...("reservation" in outcome && outcome.reservation && { reservation: outcome.reservation }),
      ...("reason" in outcome && outcome.reason !== undefined && { reason: outcome.reason, since: Date.now() }),
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
