/** Who changed a subscription, and when: what the audit has about it, as the actor may see it. */
import { z } from "zod";
import type { AuditEntry, SettingValue, Subscription } from "../../../store/model.js";
import { seesContent } from "../../access/access.js";
import type { Actor } from "../../access/actor.js";
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
          fields: z.array(z.string()).optional().meta({ description: "Of a change: the settings" }),
          values: z
            .array(
              z.object({
                field: z.string(),
                before: z.string().optional().meta({ description: "Absent where there was none" }),
                after: z.string().optional().meta({ description: "Absent where there is none any more" }),
                hidden: z
                  .literal(true)
                  .optional()
                  .meta({ description: "It was changed, and its values may be secrets. So they are not told" }),
              }),
            )
            .optional()
            .meta({
              description:
                "Of a change: the values that differ, as text of at most 200 characters. Of authentication, headers " +
                "and TLS none is told, of a URL no query, and of a chat channel its format and host. Only the latest " +
                "changes have values",
            }),
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
      "their role. The latest changes of settings have the values before and after, without secrets.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 200, description: "The acts", schema: subscriptionActs },
    async handle(context: RequestContext<"store" | "catalogue" | "auditTally">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      if (!subscription) return refuse("not_found");
      const values = valuesFor(context.actor, subscription);
      return ok({ data: await newestToldActs(context, subscription.id, DONE, values) });
    },
  }),
];

/** The values of a change by its entry in the audit. Contacts are personal data, which an auditor does without. */
function valuesFor(actor: Actor, { changes = [] }: Subscription) {
  const byId = new Map(changes.map(({ id, values }) => [id, values]));
  const mayBeTold = ({ field }: SettingValue): boolean => field !== "contacts" || seesContent(actor);
  return ({ detail }: AuditEntry): { values?: SettingValue[] } => {
    const values = byId.get(String(detail?.["change"]))?.filter(mayBeTold) ?? [];
    return values.length > 0 ? { values } : {};
  };
}
