/**
 * Who may do what. One table says which role may do which act. The functions below it say which objects each actor
 * sees.
 */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { Recovery } from "../../store/collections/recoveries.js";
import type { Delivery, EventType, GrantRequest, Role, Subscription } from "../../store/model.js";
import type { Actor } from "./actor.js";

const EVERYBODY: readonly Role[] = ["admin", "provider", "consumer", "operator", "auditor"];
/** Whose own objects these are. */
const PARTIES: readonly Role[] = ["admin", "provider", "consumer"];
/** The roles: the parties of a delivery, and the operators who keep deliveries going. */
const RUNNING: readonly Role[] = ["admin", "provider", "consumer", "operator"];
const PROVIDING: readonly Role[] = ["admin", "provider"];
const OPERATING: readonly Role[] = ["admin", "operator"];
const INSPECTING: readonly Role[] = ["admin", "auditor"];
const ADMIN: readonly Role[] = ["admin"];

/** The acts of each role. An act outside the role answers 403. An object that the actor does not see answers 404. */
export const ACTS = {
  "catalogue:read": EVERYBODY,
  "catalogue:write": PROVIDING,
  "groups:read": EVERYBODY,
  "groups:write": PROVIDING,
  /** A consumer's request for a grant, and the answer to it. */
  "grants:ask": ["admin", "consumer"],
  "grants:read": EVERYBODY,
  "grants:decide": PROVIDING,
  "subscriptions:read": EVERYBODY,
  "subscriptions:write": PARTIES,
  /** Pause, resume, test. */
  "subscriptions:run": RUNNING,
  /** Approve, reject, suspend, reinstate. */
  "subscriptions:decide": PROVIDING,
  "events:publish": PROVIDING,
  "events:read": ["admin", "provider", "operator", "auditor"],
  /** Where an event was sent, and why it was not sent elsewhere. A consumer sees this for its own subscriptions. */
  "routing:read": EVERYBODY,
  "events:expunge": PROVIDING,
  "deliveries:read": EVERYBODY,
  "deliveries:write": RUNNING,
  "recoveries:read": EVERYBODY,
  "recoveries:write": RUNNING,
  /** Release or refuse a wide recovery of somebody else. */
  "recoveries:release": OPERATING,
  /** Legal holds, and for how long an api keeps its events. */
  "holds:read": INSPECTING,
  "holds:write": ADMIN,
  "retention:write": ADMIN,
  "keys:read": INSPECTING,
  "keys:write": ADMIN,
  /** SAML connections. */
  "connections:read": INSPECTING,
  "connections:write": ADMIN,
  /** People who have logged in, and their sessions. */
  "people:read": INSPECTING,
  "people:write": ADMIN,
  /** One's own identity and log-out. */
  "session:own": EVERYBODY,
  "audit:read": INSPECTING,
  /** The settings of the service as they are in force, without secrets. */
  "settings:read": INSPECTING,
  /**
   * A provider seals what it starts, and an operator seals what it signals. The Temporal UI encodes the input of *Send
   * a Signal* before it sends it.
   */
  "codec:encode": ["admin", "provider", "operator"],
  "codec:decode": OPERATING,
  /** The Temporal UI under /temporal/, with a session. */
  "temporal:use": OPERATING,
  /** Metrics and documentation. Outside production they need no key. */
  "service:read": OPERATING,
} as const satisfies Record<string, readonly Role[]>;
export type Act = keyof typeof ACTS;

/** Whether it may be done in this role, and within the key's scopes, at all. */
export const mayAct = ({ role, scopes }: Pick<Actor, "role" | "scopes">, act: Act): boolean =>
  (ACTS[act] as readonly Role[]).includes(role) && (scopes === undefined || scopes.includes(act));

/** What a key is limited to, as far as one key is compared with another. */
export type KeyPower = Pick<Actor, "role" | "scopes" | "groupIds" | "apiIds">;

/**
 * Whether `actor` may do everything that `other` may do, on every object. Only a key that covers another may make,
 * rotate or revoke it. A rotation hands out the power of the key, and a revocation must not take power from a stronger
 * actor. A key covers itself.
 */
export function covers(actor: KeyPower, other: KeyPower): boolean {
  const acts = (Object.keys(ACTS) as Act[]).every((act) => !mayAct(other, act) || mayAct(actor, act));
  return (
    acts &&
    (seesContent(actor) || !seesContent(other)) &&
    within(other.groupIds, actor.groupIds) &&
    within(other.apiIds, actor.apiIds)
  );
}

/** No limits when absent. */
const within = (these: readonly string[] | undefined, limits: readonly string[] | undefined): boolean =>
  limits === undefined || (these !== undefined && these.every((id) => limits.includes(id)));

/**
 * Whether the actor may see what was sent and answered, and not only that it was. An auditor needs the record but not
 * the data (GDPR, article 5.1 c).
 */
export const seesContent = ({ role }: Pick<Actor, "role">): boolean => role !== "auditor";

/** Whether the actor acts for this group. */
export const seesGroup = (actor: Actor, groupId: string): boolean =>
  actor.groupIds === undefined || actor.groupIds.includes(groupId);

/** Whether the api, with all its event types, is within the actor's limits. */
export const ownsApi = (actor: Actor, apiId: string | undefined): boolean =>
  actor.apiIds === undefined || (apiId !== undefined && actor.apiIds.includes(apiId));

/** Whether the event type is within the actor's limits. */
export const ownsEventType = (actor: Actor, catalogue: Catalogue, name: string): boolean =>
  ownsApi(actor, catalogue.eventType(name)?.apiId);

/**
 * Whether the actor may discover the event type. A consumer discovers what its groups are granted, and a provider
 * discovers its own.
 */
export function seesEventType(actor: Actor, catalogue: Catalogue, name: string): boolean {
  if (!ownsEventType(actor, catalogue, name)) return false;
  return actor.groupIds === undefined || actor.groupIds.some((groupId) => catalogue.granted(groupId, name));
}

/** Ids of the apis that a group is granted, whole or in part. */
export function grantedApis(actor: Actor, catalogue: Catalogue): Set<string> {
  const grants = (actor.groupIds ?? []).flatMap((groupId) => catalogue.group(groupId)?.grants ?? []);
  return new Set(grants.flatMap((grant) => catalogue.api(grant)?.id ?? catalogue.eventType(grant)?.apiId ?? []));
}

/**
 * Which event types of the catalogue the actor may discover. It is for lists, where one question for each type would
 * take too long.
 */
export function eventTypeFilter(
  actor: Actor,
  catalogue: Catalogue,
): (type: Pick<EventType, "name" | "apiId">) => boolean {
  const grants = actor.groupIds && new Set(actor.groupIds.flatMap((groupId) => catalogue.group(groupId)?.grants ?? []));
  return ({ name, apiId }) => ownsApi(actor, apiId) && (grants === undefined || grants.has(name) || grants.has(apiId));
}

/** Whether the actor may find the api. A consumer also finds the apis that are listed for everybody. */
export const discoversApi = (actor: Actor, catalogue: Catalogue, apiId: string): boolean =>
  seesApi(actor, catalogue, apiId) || (actor.groupIds !== undefined && catalogue.api(apiId)?.listed === true);

export function seesApi(actor: Actor, catalogue: Catalogue, apiId: string): boolean {
  return ownsApi(actor, apiId) && (actor.groupIds === undefined || grantedApis(actor, catalogue).has(apiId));
}

/**
 * Whether the actor may see and change the subscription. A provider that is limited to some apis sees it only if all
 * its event types are the provider's own. Otherwise a new URL would send another api's events elsewhere.
 */
export function seesSubscription(
  actor: Actor,
  catalogue: Catalogue,
  subscription: Pick<Subscription, "groupId" | "eventTypes">,
): boolean {
  const { groupId, eventTypes } = subscription;
  return seesGroup(actor, groupId) && eventTypes.every((name) => ownsEventType(actor, catalogue, name));
}

/** The same by the apis of its event types. An api is undefined where the event type is not in the catalogue. */
export const seesOwned = (
  actor: Actor,
  { groupId, apiIds }: { groupId: string; apiIds: readonly (string | undefined)[] },
): boolean => seesGroup(actor, groupId) && apiIds.every((apiId) => ownsApi(actor, apiId));

/**
 * Whether the actor sees a delivery. A test event belongs to no api, so it is seen by those who see its subscription.
 */
export function seesDelivery(
  actor: Actor,
  catalogue: Catalogue,
  delivery: Pick<Delivery, "groupId" | "eventType" | "subscriptionId" | "createdAt">,
): boolean {
  if (!seesGroup(actor, delivery.groupId)) return false;
  if (delivery.eventType !== TEST_EVENT_TYPE) {
    // Another api may have had this name before. Its deliveries of that time are not shown to the api that has the name
    // now.
    const type = catalogue.eventType(delivery.eventType);
    return (
      actor.apiIds === undefined ||
      (type !== undefined && ownsApi(actor, type.apiId) && type.createdAt <= delivery.createdAt)
    );
  }
  const subscription = catalogue.subscription(delivery.subscriptionId);
  return actor.apiIds === undefined || (subscription !== undefined && seesSubscription(actor, catalogue, subscription));
}

/** Whether the actor may read the recovery. */
export function seesRecovery(actor: Actor, recovery: Pick<Recovery, "groupId" | "createdBy">): boolean {
  if (actor.groupIds) return recovery.groupId !== undefined && actor.groupIds.includes(recovery.groupId);
  return actor.apiIds === undefined || recovery.createdBy === actor.name;
}

/** Whether the actor may read the request. A consumer reads those of its groups, and a provider those of its apis. */
export const seesGrantRequest = (actor: Actor, { groupId, apiId }: Pick<GrantRequest, "groupId" | "apiId">): boolean =>
  seesGroup(actor, groupId) && ownsApi(actor, apiId);

/** Whether every one of these grants is the actor's to give. */
export const ownsGrants = (actor: Actor, catalogue: Catalogue, grants: readonly string[]): boolean =>
  grants.every((grant) => ownsApi(actor, catalogue.api(grant)?.id ?? catalogue.eventType(grant)?.apiId));
