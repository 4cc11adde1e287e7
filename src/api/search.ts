/**
 * `GET /v1/search`: where something that was copied from a log leads. It looks into memory and asks by ids. It never
 * reads a collection, and what the actor may not read is not found.
 */
import { z } from "zod";
import { canonicalUrl } from "../endpoint/target/target-url.js";
import type { Delivery, Subscription } from "../store/model.js";
import { subscriptionName } from "../store/subscription-name.js";
import { deliveryIdOf } from "../workflows/event-id.js";
import {
  type Act,
  eventTypeFilter,
  mayAct,
  ownsApi,
  seesDelivery,
  seesGroup,
  seesSubscription,
} from "./access/access.js";
import { deliveryId } from "./deliveries/schemas.js";
import { eventRef, text } from "./http/primitives.js";
import { type ApiRoute, ok, type RequestContext, route } from "./route.js";
import { urlFor } from "./subscriptions/view.js";

const MOST = 20;
/** Subscriptions whose delivery of an event is asked for. */
const MOST_ASKED = 200;
/** Parts of a workflow id that are looked at. */
const MOST_PARTS = 6;

const found = z
  .object({
    kind: z.enum(["delivery", "event", "subscription", "event_type", "group"]),
    id: z.string(),
    title: z.string(),
    href: z.string().meta({ description: "Path of the portal's page" }),
  })
  .meta({ id: "SearchResult" });
type Found = z.input<typeof found>;
type Context = RequestContext<"store" | "catalogue">;

const listPage = (parameter: string, value: string): string =>
  `/portal/deliveries?${new URLSearchParams({ [parameter]: value }).toString()}`;

const foundSubscription = (subscription: Subscription): Found => ({
  kind: "subscription",
  id: subscription.id,
  title: subscriptionName(subscription),
  href: `/portal/subscriptions/${subscription.id}`,
});

function foundDelivery({ dependencies: { catalogue } }: Context, delivery: Delivery): Found {
  const subscription = catalogue.subscription(delivery.subscriptionId);
  return {
    kind: "delivery",
    id: delivery.id,
    title: subscription ? `${delivery.eventType} → ${subscriptionName(subscription)}` : delivery.eventType,
    href: `/portal/deliveries/${encodeURIComponent(delivery.id)}`,
  };
}

/** Every subscription that the actor sees. */
function subscriptionsOf({ dependencies: { catalogue }, actor }: Context): Subscription[] {
  if (!mayAct(actor, "subscriptions:read")) return [];
  return [...catalogue.subscriptions()].filter((subscription) => seesSubscription(actor, catalogue, subscription));
}

/** The delivery with this id, the event with this id, and its deliveries. */
async function byIds(context: Context, ids: readonly string[]): Promise<Found[]> {
  const { dependencies, actor } = context;
  const { store, catalogue } = dependencies;
  const deliveries = ids.flatMap((id) => deliveryId.safeParse(id).data ?? []);
  const refs = [...new Set(ids.flatMap((id) => eventRef.safeParse(id).data ?? []))];
  const events = [...(await store.events.getMany(refs)).values()];
  const readable = mayAct(actor, "events:read") ? events.filter(({ apiId }) => ownsApi(actor, apiId)) : [];
  const subscriptions = events.length === 0 ? [] : subscriptionsOf(context);
  const theirs = events.flatMap((event) =>
    subscriptions
      .filter(({ eventTypes }) => eventTypes.includes(event.type) || event.subscriptionIds !== undefined)
      .slice(0, MOST_ASKED)
      .map(({ id }) => deliveryIdOf(event.id, id)),
  );
  const known = await store.deliveries.getMany([...new Set([...deliveries, ...theirs])]);
  return [
    ...readable.map(({ id, type }): Found => ({
      kind: "event",
      id,
      title: type,
      href: `/portal/events/${encodeURIComponent(id)}`,
    })),
    ...[...known.values()]
      .filter((delivery) => seesDelivery(actor, catalogue, delivery))
      .map((delivery) => foundDelivery(context, delivery)),
  ];
}

/** Subscriptions and groups with one of these ids. */
function byOwnIds({ dependencies: { catalogue }, actor }: Context, ids: readonly string[]): Found[] {
  const may = (act: Act): boolean => mayAct(actor, act);
  return ids.flatMap((id): Found[] => {
    const subscription = may("subscriptions:read") ? catalogue.subscription(id) : undefined;
    if (subscription && seesSubscription(actor, catalogue, subscription)) return [foundSubscription(subscription)];
    const group = may("groups:read") && seesGroup(actor, id) ? catalogue.group(id) : undefined;
    return group ? [{ kind: "group", id, title: group.name, href: listPage("group", id) }] : [];
  });
}

/** Event types whose name begins so. The one that is named comes first. */
function byType({ dependencies: { catalogue }, actor }: Context, q: string): Found[] {
  if (!mayAct(actor, "catalogue:read")) return [];
  const sees = eventTypeFilter(actor, catalogue);
  const names = catalogue.eventTypes().flatMap((type) => (type.name.startsWith(q) && sees(type) ? [type.name] : []));
  return names
    .sort()
    .slice(0, MOST)
    .map((name) => ({ kind: "event_type", id: name, title: name, href: listPage("type", name) }));
}

/** Subscriptions by the URL as the actor may see it, or by its beginning. */
function byUrl(context: Context, q: string): Found[] {
  if (!/^https?:\/\/./i.test(q)) return [];
  const shown = urlFor(context.actor);
  return subscriptionsOf(context)
    .filter(({ url }) => shown(canonicalUrl(url)).startsWith(q))
    .slice(0, MOST)
    .map(foundSubscription);
}

export const searchRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/search",
    operationId: "search",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Find what an id, an event type or a URL belongs to",
    description:
      "`q` is the id of an event, delivery, subscription or group, a `webhook-id`, the id of one of this service's " +
      "workflows, the beginning of an event type, or the beginning of an endpoint's URL. At most 20 results.",
    query: z.strictObject({ q: text(2_048) }),
    response: { status: 200, description: "What was found", schema: z.object({ data: z.array(found) }) },
    async handle(context: Context, { query }) {
      const q = query.q.trim();
      // An event id may hold slashes, and so does a workflow id, whose parts are ids.
      const ids = [...new Set([q, ...q.split("/").slice(0, MOST_PARTS)])].filter((id) => id !== "");
      const results = [
        ...byOwnIds(context, ids),
        ...(await byIds(context, ids)),
        ...byType(context, q),
        ...byUrl(context, q),
      ];
      return ok({ data: results.slice(0, MOST) });
    },
  }),
];
