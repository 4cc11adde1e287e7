/** One listener of a stream: what concerns it, and how it is written to and cut. */
import type { ServerResponse } from "node:http";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { Recovery } from "../../../store/collections/recoveries.js";
import type { Delivery } from "../../../store/model.js";
import type { GrantRequestChange } from "../../../store/collections/grant-requests.js";
import type { DeliveryStatus } from "../../../workflows/contract.js";
import { type Act, mayAct, seesDelivery, seesGrantRequest, seesOwned, seesRecovery } from "../../access/access.js";
import type { Actor } from "../../access/actor.js";
import type { StreamChange, StreamEventName } from "./stream-events.js";
import type { WatchedSubscription } from "./subscription-watch.js";

/** A listener that leaves more than this unread is cut. */
const MOST_UNSENT_BYTES = 1024 * 1024;
/** What is unsent may still leave within this time when a stream ends. */
const CLOSES_WITHIN_MS = 500;

export interface StreamFilter {
  status?: readonly DeliveryStatus[];
  groupId?: string;
  subscriptionId?: string;
  eventType?: string;
  /** What is told of. All of it when absent. */
  events?: readonly StreamEventName[];
}

/** One who listens. */
export interface Listener {
  response: ServerResponse;
  actor: Actor;
  filter: StreamFilter;
  /** `Last-Event-ID`, when it comes back. */
  lastEventId?: string | undefined;
  /** Writes the head of the answer. Called once the stream is let in. */
  begin(): void;
  /** Who it is now. Undefined once its key or session has ended. */
  look(): Promise<Actor | undefined>;
}

export interface DeliveryStream extends Listener {
  /** What came while it was told what it had missed. */
  waiting?: StreamChange[];
}

/** Closes the stream if its key, session or role has ended, or if it may see other groups or apis now. */
export async function lookAfter(stream: DeliveryStream): Promise<void> {
  // Without the store nobody knows. The next look asks again.
  const now = await stream.look().catch(() => stream.actor);
  if (!now || sightOf(now) !== sightOf(stream.actor) || !mayAct(now, "deliveries:read")) close(stream.response);
  else stream.actor = now;
}

/** What decides what the actor may see. If it changes, then the listener has to read its lists again. */
const sightOf = ({ role, groupIds, apiIds }: Actor): string =>
  [role, ...[groupIds, apiIds].map((ids) => ids?.toSorted().join() ?? "all")].join(" ");

/** Ends a stream. A listener that does not read may not hold it open. */
export function close(response: ServerResponse): void {
  response.end();
  setTimeout(() => response.destroy(), CLOSES_WITHIN_MS).unref();
}

/** Writes to a listener, unless it reads so slowly that it is cut. It may come back and go on. */
export function write({ response }: DeliveryStream, text: string): void {
  if (text === "" || response.writableEnded || response.destroyed) return;
  response.write(text);
  if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
}

/** The groups that are listened for. Undefined when somebody listens for all. */
export function groupsOf(streams: ReadonlySet<DeliveryStream>): Set<string> | undefined {
  const groups = new Set<string>();
  for (const { actor, filter } of streams) {
    const own = filter.groupId === undefined ? actor.groupIds : [filter.groupId];
    if (own === undefined) return undefined;
    own.forEach((group) => groups.add(group));
  }
  return groups;
}

/** Whether the listener is told of such changes at all. Statuses and event types are those of deliveries. */
export function wants({ actor, filter }: DeliveryStream, about: StreamChange["about"]): boolean {
  if (filter.events && !filter.events.includes(about === "gone" ? "subscription" : about)) return false;
  if (about === "delivery") return true;
  if (filter.status !== undefined || filter.eventType !== undefined) return false;
  return mayAct(actor, READING[about]);
}

const READING = {
  recovery: "recoveries:read",
  subscription: "subscriptions:read",
  gone: "subscriptions:read",
  grant_request: "grants:read",
} as const satisfies Record<Exclude<StreamChange["about"], "delivery">, Act>;

export function concerns(catalogue: Catalogue, stream: DeliveryStream, change: StreamChange): boolean {
  if (!wants(stream, change.about)) return false;
  if (change.about === "delivery") return deliveryConcerns(catalogue, stream, change.row);
  if (change.about === "recovery") return recoveryConcerns(stream, change.row);
  if (change.about === "subscription") return subscriptionConcerns(stream, change.row);
  if (change.about === "grant_request") return grantRequestConcerns(stream, change.row);
  return subscriptionConcerns(stream, change.row) && !(change.now && subscriptionConcerns(stream, change.now));
}

function subscriptionConcerns(
  { actor, filter: { groupId, subscriptionId } }: DeliveryStream,
  subscription: WatchedSubscription,
): boolean {
  return (
    (groupId === undefined || groupId === subscription.groupId) &&
    (subscriptionId === undefined || subscriptionId === subscription.id) &&
    seesOwned(actor, subscription)
  );
}

/** A request is about no subscription. */
const grantRequestConcerns = (
  { actor, filter: { groupId, subscriptionId } }: DeliveryStream,
  request: GrantRequestChange,
): boolean =>
  (groupId === undefined || groupId === request.groupId) &&
  subscriptionId === undefined &&
  seesGrantRequest(actor, request);

function recoveryConcerns({ actor, filter: { groupId, subscriptionId } }: DeliveryStream, recovery: Recovery): boolean {
  return (
    (groupId === undefined || groupId === recovery.groupId || groupId === recovery.filter.groupId) &&
    (subscriptionId === undefined || subscriptionId === recovery.filter.subscriptionId) &&
    seesRecovery(actor, recovery)
  );
}

function deliveryConcerns(catalogue: Catalogue, { actor, filter }: DeliveryStream, delivery: Delivery): boolean {
  const { status, groupId, subscriptionId, eventType } = filter;
  return (
    (groupId === undefined || groupId === delivery.groupId) &&
    (subscriptionId === undefined || subscriptionId === delivery.subscriptionId) &&
    (eventType === undefined || eventType === delivery.eventType) &&
    (status?.includes(delivery.status) ?? true) &&
    seesDelivery(actor, catalogue, delivery)
  );
}
