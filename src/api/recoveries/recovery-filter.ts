/** What a recovery may send again: the rules of its filter, before anything is counted. */
import type { Subscription } from "../../store/model.js";
import type { DeliveryStatus } from "../../workflows/contract.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import type { Actor } from "../access/actor.js";
import { ownsEventType, seesGroup, seesSubscription } from "../access/access.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { RequestContext } from "../route.js";
import type { RecoveryFilterInput } from "./recovery-schemas.js";
import { DAY_MS } from "../../workflows/durations.js";

const MAX_WINDOW_DAYS = 30;
/** A caller that computes "30 days ago" has an older clock by the time it asks. */
const TOLERANCE_MS = 60_000;
const UNDELIVERED: readonly DeliveryStatus[] = ["parked", "exhausted"];

/** A filter that passed every rule. `until` is as it was asked for, absent: now. */
export interface CheckedFilter {
  filter: RecoveryFilter & { since: number };
  /** Whose limit counts: the group, or several. */
  group: string | undefined;
}

/** The filter within what the actor may send again, or why not. What is beyond the actor does not exist for it. */
export async function checkFilter(
  context: RequestContext<"store" | "catalogue">,
  given: RecoveryFilterInput,
  includeDelivered: boolean,
  now: number,
): Promise<CheckedFilter | Refusal> {
  const { actor } = context;
  const filter = filterOf(actor, given);
  const refusal =
    refuseWindow(filter, now) ??
    refuseMissing(given) ??
    refuseDelivered(filter, includeDelivered) ??
    refuseGroup(actor, filter);
  if (refusal) return refusal;
  const subscription = await subscriptionOf(context, filter);
  if (subscription && "refused" in subscription) return subscription;
  const group = filter.groupId ?? subscription?.groupId;
  if (group === undefined && actor.role !== "admin" && actor.role !== "operator")
    return refuse(
      "forbidden",
      "Only an operator or an admin recovers several groups at once: name a group or a subscription in the filter.",
    );
  const limited = limitToOwnApis(context, filter);
  if (limited) return limited;
  return { filter: { ...filter, since: filter.since ?? 0 }, group };
}

function filterOf(
  actor: Actor,
  { mode, since, until, subscriptionId, groupId, eventType, status }: RecoveryFilterInput,
): RecoveryFilter {
  const group = groupId ?? (actor.groupIds?.length === 1 ? actor.groupIds[0] : undefined);
  return {
    ...(mode ? { mode } : { status: status ? [...new Set(status)] : [...UNDELIVERED] }),
    ...(subscriptionId !== undefined && { subscriptionId }),
    ...(group !== undefined && { groupId: group }),
    ...(eventType !== undefined && { eventType }),
    ...(since !== undefined && { since: Date.parse(since) }),
    ...(until !== undefined && { until: Date.parse(until) }),
  };
}

function refuseWindow({ since, until }: RecoveryFilter, now: number): Refusal | undefined {
  if (since === undefined)
    return refuse("recovery_window_needed", undefined, { errors: [{ path: "filter.since", message: "is needed" }] });
  if (until !== undefined && since >= until)
    return refuse("invalid_request", undefined, { errors: [{ path: "filter.until", message: "must be after since" }] });
  if (since >= now)
    return refuse("invalid_request", undefined, { errors: [{ path: "filter.since", message: "must be in the past" }] });
  if (Math.min(until ?? now, now) - since <= MAX_WINDOW_DAYS * DAY_MS + TOLERANCE_MS) return undefined;
  return refuse("recovery_window_needed", undefined, {
    errors: [{ path: "filter.since", message: `must be at most ${MAX_WINDOW_DAYS} days before until` }],
  });
}

/** What has no delivery has no status, and is not delivered. Whose it is says the subscription. */
function refuseMissing({ mode, status, subscriptionId }: RecoveryFilterInput): Refusal | undefined {
  if (mode === undefined) return undefined;
  const errors = [
    ...(subscriptionId === undefined
      ? [{ path: "filter.subscriptionId", message: "is needed with the mode missing" }]
      : []),
    ...(status ? [{ path: "filter.status", message: "cannot be given with the mode missing" }] : []),
  ];
  return errors.length === 0 ? undefined : refuse("invalid_request", undefined, { errors });
}

function refuseDelivered({ status, subscriptionId }: RecoveryFilter, includeDelivered: boolean): Refusal | undefined {
  if (!status?.includes("delivered")) return undefined;
  const errors = [
    ...(subscriptionId === undefined
      ? [{ path: "filter.subscriptionId", message: "is needed with the status delivered" }]
      : []),
    ...(includeDelivered ? [] : [{ path: "includeDelivered", message: "must be true with the status delivered" }]),
  ];
  return errors.length === 0 ? undefined : refuse("recovery_delivered_refused", undefined, { errors });
}

function refuseGroup(actor: Actor, { groupId }: RecoveryFilter): Refusal | undefined {
  if (groupId !== undefined && !seesGroup(actor, groupId)) return refuse("group_unknown");
  if (actor.groupIds && groupId === undefined)
    return refuse("invalid_request", undefined, { errors: [{ path: "filter.groupId", message: "is needed" }] });
  return undefined;
}

async function subscriptionOf(
  { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
  { subscriptionId, groupId }: RecoveryFilter,
): Promise<Subscription | Refusal | undefined> {
  if (subscriptionId === undefined) return undefined;
  const subscription = await store.subscriptions.get(subscriptionId);
  const seen =
    subscription &&
    seesSubscription(actor, catalogue, subscription) &&
    (groupId === undefined || groupId === subscription.groupId);
  return seen ? subscription : refuse("not_found", "There is no such subscription.");
}

/** A provider limited to some apis must name an event type of its own. */
function limitToOwnApis(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  filter: RecoveryFilter,
): Refusal | undefined {
  if (!actor.apiIds) return undefined;
  if (filter.eventType === undefined || !ownsEventType(actor, catalogue, filter.eventType))
    return refuse("forbidden", "This key is limited to some apis: name an event type of theirs in the filter.");
  // A name may have been another api's before. What was sent under it then is not theirs to send again.
  const madeAt = catalogue.eventType(filter.eventType)?.createdAt.getTime();
  if (madeAt !== undefined) filter.since = Math.max(filter.since ?? 0, madeAt);
  return undefined;
}
