/** Reading events. */
import { z } from "zod";
import { TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { EventRecord } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { ownsApi, ownsEventType, seesContent } from "../access/access.js";
import { pageReply, pageRequest } from "../access/audit.js";
import { decodeAttribute, eventIdFor } from "../publish/cloud-events.js";
import { deliverySummaryOf } from "./deliveries.js";
import { expungeEvent } from "./erasure.js";
import { readRouting } from "./event-routing.js";
import { refuse } from "../http/errors.js";
import { ok, type ApiRoute, route, type RequestContext } from "../route.js";
import { eventQuery, eventView, eventWithDeliveries } from "./schemas.js";
import { eventRoutingView } from "./event-routing-schemas.js";
import { eventRef, pageOf, pageQuery } from "../http/primitives.js";

const DELIVERIES_SHOWN = 250;

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
    async handle({ dependencies, actor }: RequestContext<"store" | "catalogue">, { query }) {
      const { store } = dependencies;
      const { type, since, until, ceSource, ceId } = query;
      const view = viewFor(actor);
      if (ceSource !== undefined && ceId !== undefined) {
        const event = await store.events.get(eventIdFor(ceSource, ceId));
        const matches =
          event &&
          ownsApi(actor, event.apiId) &&
          (type ?? event.type) === event.type &&
          (since === undefined || event.acceptedAt >= new Date(since)) &&
          (until === undefined || event.acceptedAt < new Date(until));
        return pageReply({ data: matches ? [event] : [] }, view);
      }
      if (type !== undefined && type !== TEST_EVENT_TYPE && !ownsEventType(actor, dependencies.catalogue, type))
        return pageReply({ data: [] }, view);
      return pageReply(
        await store.events.list(pageRequest(query), {
          ...(type !== undefined && { type }),
          ...(actor.apiIds && { apiIds: [...actor.apiIds] }),
          ...(since !== undefined && { since: new Date(since) }),
          ...(until !== undefined && { until: new Date(until) }),
        }),
        view,
      );
    },
  }),
  route({
    method: "get",
    path: "/v1/events/{ref}",
    operationId: "readEvent",
    tag: "Events",
    act: "events:read",
    summary: "Read an event and its deliveries",
    description: "`ref` is the id of the event, percent-encoded, or its `webhook-id`.",
    params: z.strictObject({ ref: eventRef }),
    response: { status: 200, description: "The event", schema: eventWithDeliveries },
    async handle(
      { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
      { params: { ref } },
    ) {
      const event = await store.events.get(ref);
      if (!event || !ownsApi(actor, event.apiId)) return refuse("not_found");
      const deliveries = await store.deliveries.list({ limit: DELIVERIES_SHOWN }, { eventId: ref });
      return ok({ ...viewFor(actor)(event), deliveries: deliveries.data.map(deliverySummaryOf(catalogue)) });
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
      "`now`: the answer is how it stands today.",
    params: z.strictObject({ ref: eventRef }),
    query: pageQuery,
    response: { status: 200, description: "A page of subscriptions", schema: eventRoutingView },
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { ref }, query }) =>
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
      "the details of its attempts are removed for good, what is not settled is cancelled; " +
      "the bare record stays. An attempt under way may still arrive. Any accepted event can be erased at once.",
    params: z.strictObject({ ref: eventRef }),
    response: { status: 204, description: "Erased" },
    problems: ["unavailable"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { ref } }) =>
      expungeEvent(context, ref),
  }),
];
