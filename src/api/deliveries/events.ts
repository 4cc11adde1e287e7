/** Reading events. */
import { z } from "zod";
import { TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { EventFilter } from "../../store/collections/event-store.js";
import type { EventRecord } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { ownsApi, ownsEventType, seesContent } from "../access/access.js";
import { pageReply, pageRequest } from "../access/audit.js";
import { recordEventRead } from "../access/content-reads.js";
import { decodeAttribute, eventIdFor } from "../publish/cloud-events.js";
import { countReply } from "./delivery-query.js";
import { deliverySummaryOf } from "./delivery-view.js";
import { expungeEvent } from "./erasure.js";
import { payloadOf } from "./event-payload.js";
import { readRouting } from "./routing/event-routing.js";
import { refuse } from "../http/errors.js";
import { ok, type ApiRoute, route, type RequestContext } from "../route.js";
import { countView, eventCountQuery, eventQuery, eventView, eventWithDeliveries, MOST_COUNTED } from "./schemas.js";
import { eventRoutingQuery, eventRoutingView } from "./routing/event-routing-schemas.js";
import { eventRef, pageOf } from "../http/primitives.js";

const DELIVERIES_SHOWN = 250;

type Filter = z.output<typeof eventCountQuery>;

/** The event that a CloudEvent's attributes name, if the rest of the filter fits it. */
export async function findCloudEvent(
  { dependencies: { store }, actor }: RequestContext<"store">,
  { type, apiId, since, until, ceSource, ceId }: Filter,
): Promise<EventRecord[]> {
  const event =
    ceSource === undefined || ceId === undefined ? undefined : await store.events.get(eventIdFor(ceSource, ceId));
  const matches =
    event &&
    ownsApi(actor, event.apiId) &&
    (type ?? event.type) === event.type &&
    (apiId ?? event.apiId) === event.apiId &&
    (since === undefined || event.acceptedAt >= new Date(since)) &&
    (until === undefined || event.acceptedAt < new Date(until));
  return matches ? [event] : [];
}

/** What of the query and the actor's limits together may be shown. Undefined when nothing can be. */
export function eventFilterOf(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  { type, apiId, since, until }: Filter,
): EventFilter | undefined {
  if (type !== undefined && type !== TEST_EVENT_TYPE && !ownsEventType(actor, catalogue, type)) return undefined;
  if (apiId !== undefined && !ownsApi(actor, apiId)) return undefined;
  const apiIds = apiId === undefined ? actor.apiIds : [apiId];
  return {
    ...(type !== undefined && { type }),
    ...(apiIds && { apiIds: [...apiIds] }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

/** As the actor may see it: the attributes of a CloudEvent are content, like its payload. */
const viewFor =
  (actor: Actor) =>
  ({
    id,
    type,
    apiId,
    contentType,
    sha256,
    size,
    acceptedAt,
    expungedAt,
    groups,
    attributes,
  }: EventRecord): z.input<typeof eventView> => ({
    id,
    type,
    apiId,
    contentType,
    sha256,
    size,
    acceptedAt: acceptedAt.toISOString(),
    ...(expungedAt && { expungedAt: expungedAt.toISOString() }),
    ...(groups && { groups }),
    ...(attributes &&
      seesContent(actor) && {
        cloudEvent: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [name, decodeAttribute(value)]),
        ),
      }),
  });

export const eventRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/events",
    operationId: "listEvents",
    tag: "Events",
    act: "events:read",
    summary: "List events, newest first",
    description: "A provider key that is limited to some apis sees theirs.",
    query: eventQuery,
    response: { status: 200, description: "A page of events", schema: pageOf(eventView) },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const view = viewFor(context.actor);
      if (query.ceId !== undefined) return pageReply({ data: await findCloudEvent(context, query) }, view);
      const filter = eventFilterOf(context, query);
      if (!filter) return pageReply({ data: [] }, view);
      return pageReply(await context.dependencies.store.events.list(pageRequest(query), filter), view);
    },
  }),
  route({
    method: "get",
    path: "/v1/events/count",
    operationId: "countEvents",
    tag: "Events",
    act: "events:read",
    summary: "Count events",
    description: "Those that `GET /v1/events` lists with the same filters. It counts up to 10,000 and then stops.",
    query: eventCountQuery,
    response: { status: 200, description: "The number", schema: countView },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      if (query.ceId !== undefined)
        return countReply({ count: (await findCloudEvent(context, query)).length, exact: true });
      const filter = eventFilterOf(context, query);
      if (!filter) return countReply({ count: 0, exact: true });
      return countReply(await context.dependencies.store.events.count(filter, MOST_COUNTED));
    },
  }),
  route({
    method: "get",
    path: "/v1/events/{ref}",
    operationId: "readEvent",
    tag: "Events",
    act: "events:read",
    summary: "Read an event, its payload and its deliveries",
    description:
      "`ref` is the id of the event, percent-encoded, or its `webhook-id`. An auditor sees no payload. Who reads one " +
      "is in the audit (`content.read`).",
    params: z.strictObject({ ref: eventRef }),
    response: { status: 200, description: "The event", schema: eventWithDeliveries },
    async handle(context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { ref } }) {
      const { dependencies, actor } = context;
      const { store, catalogue } = dependencies;
      const event = await store.events.get(ref);
      if (!event || !ownsApi(actor, event.apiId)) return refuse("not_found");
      const deliveries = await store.deliveries.list({ limit: DELIVERIES_SHOWN }, { eventId: ref });
      const payload = seesContent(actor) ? await payloadOf(context, ref) : undefined;
      if (payload) await recordEventRead(context, event);
      return ok({
        ...viewFor(actor)(event),
        ...(payload && { payload }),
        deliveries: deliveries.data.map(deliverySummaryOf(catalogue)),
      });
    },
  }),
  route({
    method: "get",
    path: "/v1/events/{ref}/routing",
    operationId: "readEventRouting",
    tag: "Events",
    act: "routing:read",
    summary: "Read where an event went, and why not elsewhere",
    description:
      "`ref` is the id of the event. One row for each subscription, by id: a consumer gets those of " +
      "its groups, everybody else all that it sees. What a filter left out, and what was not in " +
      "service or not granted, is recorded when the event is dispatched, for 30 days. The rest is " +
      "computed from the catalogue. Where the subscription or its group has changed since, `basis` is " +
      "`now`: the answer is how it stands today. With `now=true` every row is.",
    params: z.strictObject({ ref: eventRef }),
    query: eventRoutingQuery,
    response: { status: 200, description: "A page of subscriptions", schema: eventRoutingView },
    handle: async (context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { ref }, query }) =>
      readRouting(context, ref, query),
  }),
  route({
    method: "delete",
    path: "/v1/events/{ref}",
    operationId: "expungeEvent",
    tag: "Events",
    act: "events:expunge",
    summary: "Erase the content of an event",
    description:
      "`ref` is the id of the event, percent-encoded, or its `webhook-id`. Its payload and hash and " +
      "the details of its attempts are removed for good. Deliveries that are not settled are cancelled. " +
      "The bare record stays. An attempt under way may still arrive. Any accepted event can be erased at once.",
    params: z.strictObject({ ref: eventRef }),
    response: { status: 204, description: "Erased" },
    problems: ["legal_hold", "unavailable"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { ref } }) =>
      expungeEvent(context, ref),
  }),
];
