/** Why an event went to a subscription, or did not: for each subscription that the caller may see. */
import type { Catalogue } from "../../../catalogue/catalogue.js";
import { LIFE } from "../../../store/subscription-life.js";
import type { Delivery, EventRecord, Subscription } from "../../../store/model.js";
import type { EventRouting } from "../../../store/collections/routings.js";
import { deliveryIdOf } from "../../../workflows/event-id.js";
import type { Actor } from "../../access/actor.js";
import { ownsApi, seesGroup, seesSubscription } from "../../access/access.js";
import { pageRequest } from "../../access/audit.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { ok, type RequestContext } from "../../route.js";
import type { z } from "zod";
import type { eventRoutingQuery, eventRoutingView } from "./event-routing-schemas.js";
import { routedNow } from "./routing-now.js";

type View = z.input<typeof eventRoutingView>;
type Row = View["data"][number];

/**
 * The answer for one page of subscriptions, by id. A consumer gets its own groups' only. It gets 404 for an event that
 * could not have been theirs. Such an event is of a type that none of the groups names or is granted, or it is
 * addressed to others.
 */
export async function readRouting(
  context: RequestContext<"store" | "catalogue" | "auditTally">,
  ref: string,
  query: z.output<typeof eventRoutingQuery>,
): Promise<ReturnType<typeof ok<View>> | Refusal> {
  const { actor, dependencies } = context;
  const { store, catalogue } = dependencies;
  const event = await store.events.get(ref);
  const visible = event ? visibleSubscriptions(actor, catalogue, event) : undefined;
  if (!event || !visible) return refuse("not_found");
  const { limit, cursor = "" } = pageRequest(query);
  const rest = visible.filter(({ id }) => id > cursor).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = rest.slice(0, limit);
  const [routing, deliveries] = await Promise.all([
    store.routings.of(event.owner, event),
    store.deliveries.getMany(page.map(({ id }) => deliveryIdOf(event.id, id))),
  ]);
  const deliveryOf = ({ id }: Subscription): Delivery | undefined => deliveries.get(deliveryIdOf(event.id, id));
  const data =
    query.now === "true"
      ? await routedNow(context, event, { subscriptions: page, deliveryOf })
      : page.map((subscription) =>
          rowOf(catalogue, { event, subscription, routing, delivery: deliveryOf(subscription) }),
        );
  return ok({
    eventId: event.id,
    type: event.type,
    acceptedAt: event.acceptedAt.toISOString(),
    ...(routing && { dispatchedAt: routing.at.toISOString(), complete: routing.complete }),
    data,
    next: rest.length > page.length ? (page.at(-1)?.id ?? null) : null,
  });
}

/** Undefined: the event is not the actor's to know of. */
export function visibleSubscriptions(
  actor: Actor,
  catalogue: Catalogue,
  event: EventRecord,
): Subscription[] | undefined {
  if (actor.groupIds === undefined) {
    if (!ownsApi(actor, event.apiId)) return undefined;
    // Of the api's own event it is told every party that names its type. Of a subscription to other apis it is told
    // nothing.
    return [...catalogue.subscriptions()].filter(
      (each) => each.eventTypes.includes(event.type) || seesSubscription(actor, catalogue, each),
    );
  }
  const own = [...catalogue.subscriptions()].filter(
    ({ groupId }) => seesGroup(actor, groupId) && (event.groups?.includes(groupId) ?? true),
  );
  const concerned = own.some(
    ({ groupId, eventTypes, requestedEventTypes = [] }) =>
      catalogue.granted(groupId, event.type) ||
      eventTypes.includes(event.type) ||
      requestedEventTypes.includes(event.type),
  );
  return concerned ? own : undefined;
}

interface Question {
  event: EventRecord;
  subscription: Subscription;
  routing: EventRouting | undefined;
  delivery: Delivery | undefined;
}

function rowOf(catalogue: Catalogue, question: Question): Row {
  const {
    subscription: { id, groupId },
    delivery,
  } = question;
  if (delivery)
    return {
      subscriptionId: id,
      groupId,
      outcome: "delivered",
      basis: "then",
      deliveryId: delivery.id,
      status: delivery.status,
    };
  return { subscriptionId: id, groupId, ...(recorded(question) ?? computed(catalogue, question)) };
}

/** What the dispatch wrote down. */
function recorded({ subscription: { id }, routing }: Question): Pick<Row, "outcome" | "basis"> | undefined {
  if (routing?.filtered.has(id)) return { outcome: "filtered", basis: "then" };
  if (routing?.notInService.has(id)) return { outcome: "not_in_service", basis: "then" };
  return routing?.notGranted.has(id) ? { outcome: "not_granted", basis: "then" } : undefined;
}

/**
 * From the catalogue as it is now, which is as it was then when neither the subscription nor its group has changed
 * since. Otherwise what is told is how it stands today, and `basis` says so.
 */
function computed(catalogue: Catalogue, { event, subscription }: Question): Pick<Row, "outcome" | "basis"> {
  const { createdAt, updatedAt, groupId, eventTypes, status } = subscription;
  const group = catalogue.group(groupId);
  if (createdAt > event.acceptedAt) return { outcome: "not_subscribed", basis: "then" };
  if (event.groups?.includes(groupId) === false) return { outcome: "not_addressed", basis: "then" };
  const basis =
    updatedAt <= event.acceptedAt && group !== undefined && group.updatedAt <= event.acceptedAt ? "then" : "now";
  if (!eventTypes.includes(event.type)) return { outcome: "not_subscribed", basis };
  if (!catalogue.granted(groupId, event.type)) return { outcome: "not_granted", basis };
  if (LIFE[status].routing === "none") return { outcome: "not_in_service", basis };
  return { outcome: basis === "then" ? "pending" : "unknown", basis };
}
