/** Deliveries: inspect, resend, cancel. */
import { z } from "zod";
import type { Attempt, Delivery } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { seesContent, seesDelivery } from "../access/access.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { recordDeliveryRead } from "../access/content-reads.js";
import { refuse } from "../http/errors.js";
import { outcomeFacts } from "./outcome-view.js";
import { accepted, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { countReply, deliveryFilter, deliveryFilterOf, deliveryQuery, judgeOf } from "./delivery-query.js";
import { deliverySummaryOf } from "./delivery-view.js";
import { payloadOf } from "./event-payload.js";
import { countView, deliveryId, deliverySummary, deliveryView, MOST_COUNTED } from "./schemas.js";
import { pageOf } from "../http/primitives.js";
import { urlFor } from "../subscriptions/view.js";

const params = z.strictObject({ id: deliveryId });

/** An attempt as the actor may see it. */
const attemptView =
  (actor: Actor) =>
  ({ number, at, outcome, status, durationMs, detail }: Attempt): z.input<typeof deliveryView>["attempts"][number] => ({
    number,
    at: at.toISOString(),
    outcome,
    durationMs,
    ...(status !== undefined && { status }),
    ...outcomeFacts(outcome),
    ...(detail && seesContent(actor) && { detail: { ...detail, url: urlFor(actor)(detail.url) } }),
  });

const view = (
  { actor, dependencies: { catalogue } }: RequestContext<"catalogue">,
  delivery: Delivery,
): z.input<typeof deliveryView> => ({
  ...deliverySummaryOf(catalogue)(delivery),
  attempts: delivery.attempts.map(attemptView(actor)),
});

/** The delivery, when it is there and the actor sees it. */
export async function findDelivery(
  { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
  id: string,
): Promise<Delivery | undefined> {
  const delivery = await store.deliveries.get(id);
  return delivery && seesDelivery(actor, catalogue, delivery) ? delivery : undefined;
}

export const deliveryRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/deliveries",
    operationId: "listDeliveries",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "List deliveries",
    description:
      "A consumer sees those of its group, a provider key that is limited to some apis those of their event types. " +
      "The newest come first, or the oldest with `order=asc`. A window such as `since=-24h` is reckoned from the " +
      "first page, so that it does not move while you page.",
    query: deliveryQuery,
    response: { status: 200, description: "A page of deliveries", schema: pageOf(deliverySummary) },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const summary = deliverySummaryOf(context.dependencies.catalogue);
      const filter = deliveryFilterOf(context, query);
      if (!filter) return pageReply({ data: [] }, summary);
      const { order = "desc" } = query;
      const page = await context.dependencies.store.deliveries.list({ ...pageRequest(query), order }, filter);
      return pageReply(
        {
          ...page,
          data: page.data.filter((delivery) => seesDelivery(context.actor, context.dependencies.catalogue, delivery)),
        },
        summary,
      );
    },
  }),
  route({
    method: "get",
    path: "/v1/deliveries/count",
    operationId: "countDeliveries",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Count deliveries",
    description: "Those that `GET /v1/deliveries` lists with the same filters. It counts up to 10,000 and then stops.",
    query: deliveryFilter,
    response: { status: 200, description: "The number", schema: countView },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const filter = deliveryFilterOf(context, query);
      if (!filter) return countReply({ count: 0, exact: true });
      return countReply(await context.dependencies.store.deliveries.count(filter, MOST_COUNTED, judgeOf(context)));
    },
  }),
  route({
    method: "get",
    path: "/v1/deliveries/{id}",
    operationId: "readDelivery",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Read a delivery with its attempts",
    description:
      "An auditor sees that and how it was attempted, not what was sent and answered. Who reads " +
      "that is in the audit (`content.read`).",
    params,
    response: { status: 200, description: "The delivery", schema: deliveryView },
    problems: ["erased"],
    async handle(context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { id } }) {
      const delivery = await findDelivery(context, id);
      if (!delivery) return refuse("not_found");
      if (!seesContent(context.actor)) return ok(view(context, delivery));
      const payload = await payloadOf(context, delivery.eventId);
      await recordDeliveryRead(context, delivery, payload ? 1 : 0);
      return ok({ ...view(context, delivery), ...(payload && { payload }) });
    },
  }),
  route({
    method: "post",
    path: "/v1/deliveries/{id}/resend",
    operationId: "resendDelivery",
    tag: "Deliveries",
    act: "deliveries:write",
    summary: "Send a delivery again",
    description: "Whatever its status. The event keeps its id, so the consumer can tell.",
    params,
    response: { status: 202, description: "It is sent again", schema: deliverySummary },
    problems: ["erased", "unavailable"],
    async handle(context: RequestContext<"store" | "catalogue" | "operations">, { params: { id } }) {
      const delivery = await findDelivery(context, id);
      if (!delivery) return refuse("not_found");
      if ((await context.dependencies.store.events.erasedOf([delivery.eventId])).size > 0) return refuse("erased");
      if (!(await context.dependencies.operations.resend(delivery, context.actor.name))) return refuse("not_found");
      await recordAct(context, "delivery.resend", id, { role: context.actor.role });
      return accepted(deliverySummaryOf(context.dependencies.catalogue)(delivery));
    },
  }),
  route({
    method: "post",
    path: "/v1/deliveries/{id}/cancel",
    operationId: "cancelDelivery",
    tag: "Deliveries",
    act: "deliveries:write",
    summary: "Cancel a delivery that is not settled",
    params,
    response: { status: 202, description: "It is being cancelled", schema: deliverySummary },
    problems: ["delivery_settled", "unavailable"],
    async handle(context: RequestContext<"store" | "catalogue" | "operations">, { params: { id } }) {
      const delivery = await findDelivery(context, id);
      if (!delivery) return refuse("not_found");
      if (!(await context.dependencies.operations.cancel(delivery, context.actor.name)))
        return refuse("delivery_settled", `It is ${delivery.status}.`);
      await recordAct(context, "delivery.cancel", id, { role: context.actor.role });
      return accepted(deliverySummaryOf(context.dependencies.catalogue)(delivery));
    },
  }),
];
