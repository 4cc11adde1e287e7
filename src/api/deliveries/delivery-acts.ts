/** Who sent a delivery again or cancelled it, and when: what the audit has about it, as the actor may see it. */
import { z } from "zod";
import type { AuditEntry, Role } from "../../store/model.js";
import { ROLES } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { namesOf } from "../access/actor-names.js";
import { refuse } from "../http/errors.js";
import { instant } from "../http/primitives.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { findDelivery } from "./deliveries.js";
import { deliveryId } from "./schemas.js";

type Context = RequestContext<"store" | "catalogue" | "auditTally">;

const params = z.strictObject({ id: deliveryId });

/** Action of the audit -> what was done. */
const DONE = { "delivery.resend": "resend", "delivery.cancel": "cancel", "delivery.send": "send" } as const;
type Action = keyof typeof DONE;
/** The newest of each kind. */
const MOST = 50;

const actView = z.object({
  at: instant,
  act: z
    .enum(["send", "resend", "cancel"])
    .meta({ description: "`send`: the event was sent to a subscription that had not got it" }),
  role: z
    .enum(ROLES)
    .optional()
    .meta({ description: "In which role it was done. Absent for acts of earlier releases" }),
  by: z
    .string()
    .optional()
    .meta({ description: "Who did it, as in the audit. A consumer sees this of the consumer's side alone" }),
  name: z.string().optional().meta({ description: "The name of `by`, where one is known" }),
  reason: z.string().optional().meta({ description: "Where one was given" }),
});
const deliveryActs = z
  .object({ data: z.array(actView).meta({ description: "Newest first" }) })
  .meta({ id: "DeliveryActs" });

function roleOf({ detail }: AuditEntry): Role | undefined {
  return ROLES.find((role) => role === detail?.["role"]);
}

/**
 * Whether this actor may know who it was. A consumer acts only on deliveries of its own groups, so a consumer who acted
 * on this one is of the same group. Of the other parties a consumer learns the role.
 */
const seesWho = ({ groupIds }: Actor, entry: AuditEntry): boolean =>
  groupIds === undefined || roleOf(entry) === "consumer";

async function actsOf(context: Context, subject: string): Promise<z.input<typeof actView>[]> {
  const { actor, dependencies } = context;
  const actions = Object.keys(DONE) as Action[];
  const pages = await Promise.all(
    actions.map((action) => dependencies.store.audit.list({ limit: MOST }, { subject, action })),
  );
  const entries = pages
    .flatMap(({ data }, index) => data.map((entry) => ({ entry, action: actions[index] ?? "delivery.resend" })))
    .sort((a, b) => b.entry.at.getTime() - a.entry.at.getTime());
  const known = entries.filter(({ entry }) => seesWho(actor, entry)).map(({ entry }) => entry.actor);
  const names = await namesOf(context, known);
  return entries.map(({ entry, action }) => {
    const [role, reason, name] = [roleOf(entry), entry.detail?.["reason"], names.get(entry.actor)];
    return {
      at: entry.at.toISOString(),
      act: DONE[action],
      ...(role && { role }),
      ...(seesWho(actor, entry) && { by: entry.actor, ...(name !== undefined && { name }) }),
      // A reason is written for the audit, so it may name others.
      ...(typeof reason === "string" && seesWho(actor, entry) && { reason }),
    };
  });
}

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
    async handle(context: Context, { params: { id } }) {
      const delivery = await findDelivery(context, id);
      return delivery ? ok({ data: await actsOf(context, delivery.id) }) : refuse("not_found");
    },
  }),
];
