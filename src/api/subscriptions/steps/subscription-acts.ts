/** Who changed a subscription, and when: what the audit has about it, as the actor may see it. */
import { z } from "zod";
import { newestToldActs, toldActFields } from "../../access/told-acts.js";
import { refuse } from "../../http/errors.js";
import { type ApiRoute, ok, type RequestContext, route } from "../../route.js";
import { findSubscription } from "../checks.js";
import { subscriptionRef } from "../about-schemas.js";

const ACTS = [
  "create",
  "change",
  "rotate_secret",
  "rotate_keys",
  "request_certificate",
  "install_certificate",
  "set_chat",
  "remove_chat",
  "probe",
  "test",
  "verify",
  "submit",
  "approve",
  "reject",
  "pause",
  "resume",
  "suspend",
  "reinstate",
] as const;
/** Action of the audit -> what was done. */
const DONE = Object.fromEntries(ACTS.map((act) => [`subscription.${act}`, act]));

const subscriptionActs = z
  .object({
    data: z
      .array(
        z.object({
          ...toldActFields,
          act: z.enum(ACTS),
          fields: z
            .array(z.string())
            .optional()
            .meta({ description: "Of a change: the settings, without their values" }),
        }),
      )
      .meta({ description: "Newest first" }),
  })
  .meta({ id: "SubscriptionActs" });

export const subscriptionActRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/subscriptions/{id}/acts",
    operationId: "listSubscriptionActs",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Who changed a subscription, and when",
    description:
      "The newest ones, out of the audit. A consumer sees who of its own group it was, and of others only " +
      "their role. Values are not told: they are in the subscription itself.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 200, description: "The acts", schema: subscriptionActs },
    async handle(context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      return subscription ? ok({ data: await newestToldActs(context, subscription.id, DONE) }) : refuse("not_found");
    },
  }),
];
