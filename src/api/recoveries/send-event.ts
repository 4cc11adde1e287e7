/** One event to one subscription that has no delivery of it. */
import { z } from "zod";
import { firstDeliveryOf } from "../../catalogue/recovery/first-delivery.js";
import { unwantedOf } from "../../catalogue/recovery/missing.js";
import type { EventRecord, Subscription } from "../../store/model.js";
import { LIFE } from "../../store/subscription-life.js";
import { recordAct } from "../access/audit.js";
import { deliverySummaryOf } from "../deliveries/delivery-view.js";
import { visibleSubscriptions } from "../deliveries/routing/event-routing.js";
import { deliverySummary } from "../deliveries/schemas.js";
import { refuse, type Refusal } from "../http/errors.js";
import { eventRef, text } from "../http/primitives.js";
import { accepted, type ApiRoute, type RequestContext, route } from "../route.js";
import { subscriptionId } from "../subscriptions/schemas.js";

type Context = RequestContext<"store" | "catalogue" | "operations">;

const params = z.strictObject({ ref: eventRef });
const sendInput = z
  .strictObject({ subscriptionId, reason: text(500).optional().meta({ description: "Why, for the audit" }) })
  .meta({ id: "SendEventInput" });

interface Sendable {
  event: EventRecord;
  subscription: Subscription;
}

/** The event and the subscription, where the one is for the other by today's settings. */
async function findSendable(
  { actor, dependencies: { store, catalogue } }: RequestContext<"store" | "catalogue">,
  ref: string,
  id: string,
): Promise<Sendable | Refusal> {
  await catalogue.refresh();
  const record = await store.events.get(ref);
  const subscription = record && visibleSubscriptions(actor, catalogue, record)?.find((each) => each.id === id);
  if (!subscription) return refuse("not_found");
  const event = (await store.events.getPresent([ref])).get(ref);
  if (!event) return refuse("erased");
  const why =
    (await unwantedOf({ store, catalogue }, subscription, [event])).get(ref) ??
    (LIFE[subscription.status].routing === "sent" ? undefined : "subscription_not_in_service");
  return why ? refuse("event_not_wanted", WHY[why], { reason: why }) : { event, subscription };
}

const WHY = {
  not_subscribed: "The subscription does not name this event type, or the event was addressed to others.",
  not_granted: "The group is not granted this event type.",
  filtered: "The filter of the subscription does not match this event.",
  subscription_not_in_service: "The subscription is not in service.",
} as const;

async function send(context: Context, ref: string, { subscriptionId: id, reason }: z.output<typeof sendInput>) {
  const found = await findSendable(context, ref, id);
  if ("refused" in found) return found;
  const { event, subscription } = found;
  const { operations, catalogue } = context.dependencies;
  const delivery = firstDeliveryOf(catalogue, event, subscription);
  const outcome = await operations.sendFirst(delivery, event.owner, context.actor.name);
  if (outcome === "exists") return refuse("delivery_exists", `It is ${delivery.id}.`);
  if (outcome === "under_way") return refuse("event_under_way");
  const { role } = context.actor;
  await recordAct(context, "delivery.send", delivery.id, { role, ...(reason !== undefined && { reason }) });
  return accepted(deliverySummaryOf(catalogue)(delivery));
}

export const sendEventRoute: ApiRoute = route({
  method: "post",
  path: "/v1/events/{ref}/send",
  operationId: "sendEvent",
  tag: "Events",
  act: "recoveries:write",
  summary: "Send an event to a subscription that did not get it",
  description:
    "For a subscription that was made, changed or taken into service after the event was dispatched. Its types, its " +
    "filter and its group's grants of now must want the event. If there is a delivery already, then send that again.",
  params,
  body: sendInput,
  response: { status: 202, description: "It is sent", schema: deliverySummary },
  problems: ["erased", "delivery_exists", "event_not_wanted", "event_under_way", "unavailable"],
  handle: async (context: Context, { params: { ref }, body }) => send(context, ref, body),
});
