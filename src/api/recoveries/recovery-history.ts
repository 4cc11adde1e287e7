/** Who started a recovery, paused it and so on: what the audit has about it, as the actor may see it. */
import { z } from "zod";
import { toldActFields, toldActs } from "../access/told-acts.js";
import { refuse } from "../http/errors.js";
import { ok, type ApiRoute, route } from "../route.js";
import { recoveryId } from "./recovery-schemas.js";
import { findRecovery, type RecoveryContext } from "./recovery-view.js";

const params = z.strictObject({ id: recoveryId });

/** Action of the audit -> what was done. */
const DONE = {
  "recovery.start": "start",
  "recovery.request": "request",
  "recovery.approve": "approve",
  "recovery.refuse": "refuse",
  "recovery.pause": "pause",
  "recovery.resume": "resume",
  "recovery.cancel": "cancel",
} as const;

const recoveryActs = z
  .object({
    data: z
      .array(
        z.object({
          ...toldActFields,
          act: z
            .enum(["start", "request", "approve", "refuse", "pause", "resume", "cancel"])
            .meta({ description: "`request`: a second person was asked to release it" }),
        }),
      )
      .meta({ description: "Newest first" }),
  })
  .meta({ id: "RecoveryActs" });

export const recoveryHistoryRoute: ApiRoute = route({
  method: "get",
  path: "/v1/recoveries/{id}/acts",
  operationId: "listRecoveryActs",
  tag: "Recoveries",
  act: "recoveries:read",
  summary: "Who started, paused, resumed, cancelled, released or refused a recovery, and when",
  description:
    "The newest 50 of each kind, out of the audit. A consumer sees who of its own group it was, and of others only " +
    "their role. What the Temporal UI did is not among them: it is in the audit under the id of the workflow.",
  params,
  response: { status: 200, description: "The acts", schema: recoveryActs },
  async handle(context: RecoveryContext, { params: { id } }) {
    const recovery = await findRecovery(context, id);
    return recovery ? ok({ data: await toldActs(context, recovery.id, DONE) }) : refuse("not_found");
  },
});
