/** Which counters an actor may read, and which of them a query needs. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { Subscription } from "../../store/model.js";
import { NO_API } from "../../store/stats/gatherer.js";
import type { CountedSlot } from "../../store/stats/stats-store.js";
import { floorTo, type Scope } from "../../store/stats/tiers.js";
import { MINUTE_MS } from "../../workflows/durations.js";
import type { Actor } from "../access/actor.js";
import { ownsApi, ownsEventType, seesGroup, seesSubscription } from "../access/access.js";

export interface StatsFilter {
  subscriptionId?: string | undefined;
  groupId?: string | undefined;
  eventType?: string | undefined;
  apiId?: string | undefined;
  /** The counts are told apart by subscription or group. */
  bySubscription: boolean;
}

export interface Readable {
  scopes: Scope[];
  /** Whether the actor may see the counts of this event type in this slot, and has asked for them. */
  accepts: (slot: CountedSlot) => boolean;
}

/** Undefined when a subscription or group is named that the actor does not see. */
export function readableBy(actor: Actor, catalogue: Catalogue, filter: StatsFilter): Readable | undefined {
  const { subscriptionId, groupId, eventType, apiId, bySubscription } = filter;
  // Another's api is answered as one without deliveries, as in a list.
  if (apiId !== undefined && !ownsApi(actor, apiId)) return { scopes: [], accepts: () => false };
  if (groupId !== undefined && !(seesGroup(actor, groupId) && catalogue.group(groupId))) return undefined;
  if (subscriptionId !== undefined) {
    const named = catalogue.subscription(subscriptionId);
    if (!named || !reachesActor(actor, catalogue, named)) return undefined;
  }
  const isAsked = (slot: CountedSlot): boolean =>
    (eventType === undefined || slot.eventType === eventType) &&
    (apiId === undefined || catalogue.eventType(slot.eventType)?.apiId === apiId);
  if (!bySubscription && actor.groupIds === undefined && subscriptionId === undefined && groupId === undefined)
    return { scopes: apiScopes(actor, catalogue, { eventType, apiId }), accepts: isAsked };
  const scopes = [...catalogue.subscriptions()]
    .filter(
      (each) =>
        (subscriptionId === undefined || each.id === subscriptionId) &&
        (groupId === undefined || each.groupId === groupId) &&
        reachesActor(actor, catalogue, each),
    )
    .map(({ id }): Scope => `sub/${id}`);
  return { scopes, accepts: (slot) => isAsked(slot) && seesCounts(actor, catalogue, slot) };
}

/** Whether deliveries to this subscription may be the actor's to see. */
const reachesActor = (actor: Actor, catalogue: Catalogue, { groupId, eventTypes }: Subscription): boolean =>
  seesGroup(actor, groupId) &&
  (actor.apiIds === undefined || eventTypes.some((name) => ownsEventType(actor, catalogue, name)));

/** The apis, each with all its subscriptions. What belongs to no api is seen by actors without limits. */
function apiScopes(actor: Actor, catalogue: Catalogue, asked: Pick<StatsFilter, "eventType" | "apiId">): Scope[] {
  const { eventType } = asked;
  const owner = asked.apiId ?? (eventType === undefined ? undefined : catalogue.eventType(eventType)?.apiId);
  const apis = owner === undefined ? [...catalogue.apis()].map(({ id }) => id) : [owner];
  const own = apis.filter((id) => ownsApi(actor, id)).map((id): Scope => `api/${id}`);
  return actor.apiIds === undefined && owner === undefined ? [...own, NO_API] : own;
}

/** The same rule as for deliveries (`seesDelivery`). */
function seesCounts(actor: Actor, catalogue: Catalogue, { scope, eventType, at }: CountedSlot): boolean {
  if (actor.apiIds === undefined) return true;
  if (eventType === TEST_EVENT_TYPE) {
    const subscription = catalogue.subscription(scope.slice("sub/".length));
    return subscription !== undefined && seesSubscription(actor, catalogue, subscription);
  }
  const type = catalogue.eventType(eventType);
  // Another api may have had this name before.
  return type !== undefined && ownsApi(actor, type.apiId) && floorTo(type.createdAt.getTime(), MINUTE_MS) <= at;
}
