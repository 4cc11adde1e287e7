/** Where an event would go with today's settings: the same questions that a dispatch asks, filters included. */
import type { z } from "zod";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import { compileFilter } from "../../../catalogue/filter.js";
import { filterInputOf } from "../../../catalogue/filter-payload.js";
import { type FilterTrial, tryFilter } from "../../../catalogue/filter-trial.js";
import { routingOf, TEST_EVENT_TYPE } from "../../../catalogue/routes.js";
import type { Delivery, EventRecord, Subscription } from "../../../store/model.js";
import { seesContent, seesSubscription } from "../../access/access.js";
import { recordEventRead } from "../../access/content-reads.js";
import type { RequestContext } from "../../route.js";
import type { eventRoutingView } from "./event-routing-schemas.js";

type Row = z.input<typeof eventRoutingView>["data"][number];
type Context = RequestContext<"store" | "catalogue" | "auditTally">;

interface Asked {
  subscriptions: readonly Subscription[];
  deliveryOf: (subscription: Subscription) => Delivery | undefined;
}

/** One row for each subscription, in their order. What the payload has is told only after that is on record. */
export async function routedNow(
  context: Context,
  event: EventRecord,
  { subscriptions, deliveryOf }: Asked,
): Promise<Row[]> {
  const { catalogue } = context.dependencies;
  const filters = subscriptions.filter((each) => each.filter !== undefined && !isLeftOut(catalogue, event, each));
  const trial = await trialOf(context, event, filters);
  return subscriptions.map((subscription): Row => {
    const { id, groupId } = subscription;
    const delivery = deliveryOf(subscription);
    return {
      subscriptionId: id,
      groupId,
      basis: "now",
      ...answerOf(context, { event, subscription, trial }),
      ...(delivery && { deliveryId: delivery.id, status: delivery.status }),
    };
  });
}

/** What keeps the subscription from the event before any filter is asked. */
function isLeftOut(
  catalogue: Catalogue,
  { type, groups, subscriptionIds }: EventRecord,
  { id, groupId, eventTypes, status }: Subscription,
): Row["outcome"] | undefined {
  if (groups?.includes(groupId) === false || subscriptionIds?.includes(id) === false) return "not_addressed";
  if (type !== TEST_EVENT_TYPE && !eventTypes.includes(type)) return "not_subscribed";
  if (type !== TEST_EVENT_TYPE && !catalogue.granted(groupId, type)) return "not_granted";
  return routingOf({ status }, type) === "none" ? "not_in_service" : undefined;
}

type Trial = (filter: string) => FilterTrial | undefined;

/** How the filters are asked. Undefined is said where the payload is gone, or the filter does not compile any more. */
async function trialOf(context: Context, event: EventRecord, filtering: readonly Subscription[]): Promise<Trial> {
  const { store } = context.dependencies;
  if (filtering.length === 0 || event.type === TEST_EVENT_TYPE) return () => undefined;
  const payload = (await store.events.payloads([event.id])).get(event.id)?.payload;
  if (!payload) return () => undefined;
  if (seesContent(context.actor)) await recordEventRead(context, event);
  const input = filterInputOf({ ...event, bytes: payload });
  return (filter) => {
    const compiled = compileFilter(filter);
    return compiled.ok ? tryFilter(compiled, input) : undefined;
  };
}

function answerOf(
  { actor, dependencies: { catalogue } }: Context,
  { event, subscription, trial }: { event: EventRecord; subscription: Subscription; trial: Trial },
): Pick<Row, "outcome" | "filter" | "fields"> {
  const left = isLeftOut(catalogue, event, subscription);
  if (left) return { outcome: left };
  const { filter } = subscription;
  if (filter === undefined || event.type === TEST_EVENT_TYPE) return { outcome: "would_deliver" };
  const tried = trial(filter);
  if (!tried) return { outcome: "unknown" };
  if (tried.matches) return { outcome: "would_deliver" };
  const outcome = tried.matches === null ? "filter_failed" : "filtered";
  // Of a subscription that the actor does not see, nothing but the outcome is told.
  if (!seesSubscription(actor, catalogue, subscription)) return { outcome };
  return { outcome, filter, ...(seesContent(actor) && { fields: tried.fields }) };
}
