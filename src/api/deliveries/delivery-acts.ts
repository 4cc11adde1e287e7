/** Who sent a delivery again or cancelled it, and when: what the audit has about it, as the actor may see it. */
import { z } from "zod";
import { toldActFields, toldActs } from "../access/told-acts.js";
import { refuse } from "../http/errors.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { findDelivery } from "./deliveries.js";
import { deliveryId } from "./schemas.js";

const params = z.strictObject({ id: deliveryId });

/** Action of the audit -> what was done. */
const DONE = { "delivery.resend": "resend", "delivery.cancel": "cancel", "delivery.send": "send" } as const;

const actView = z.object({
  ...toldActFields,
  act: z
    .enum(["send", "resend", "cancel"])
    .meta({ description: "`send`: the event was sent to a subscription that had not got it" }),
});
const deliveryActs = z
  .object({ data: z.array(actView).meta({ description: "Newest first" }) })
  .meta({ id: "DeliveryActs" });

export const deliveryActRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/deliveries/{id}/acts",
    operationId: "listDeliveryActs",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Who sent a delivery again or cancelled it, and when",
    description:
      "The newest 50 of each kind, out of the audit. A consumer sees who of its own group it was, and of others only " +
      "their role. What a recovery or the Temporal UI did is not among them: it is in the audit under the id of the " +
      "recovery or of the workflow.",
    params,
    response: { status: 200, description: "The acts", schema: deliveryActs },
    async handle(context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { id } }) {
      const delivery = await findDelivery(context, id);
      return delivery ? ok({ data: await toldActs(context, delivery.id, DONE) }) : refuse("not_found");
    },
  }),
];
