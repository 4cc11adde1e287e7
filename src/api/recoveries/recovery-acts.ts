/** Pausing, resuming and cancelling a recovery. */
import { z } from "zod";
import { OPEN_RECOVERY_STATUSES, type Recovery } from "../../store/collections/recoveries.js";
import type { RecoveryStatus } from "../../workflows/recovery/recovery-contract.js";
import { recordAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { accepted, type ApiRoute, type RequestContext, route } from "../route.js";
import { recoveryId, recoveryView } from "./recovery-schemas.js";
import { findRecovery, viewRecovery } from "./recovery-view.js";

const params = z.strictObject({ id: recoveryId });

const WANTED = { pause: "paused", resume: "running", cancel: "cancelled" } as const satisfies Record<
  string,
  RecoveryStatus
>;
const DESCRIPTIONS: Readonly<Record<keyof typeof WANTED, [summary: string, description: string]>> = {
  pause: [
    "Pause a recovery",
    "Nothing more is handed over until it is resumed. What was handed over goes on: at most what " +
      "goes out in eight seconds, usually two.",
  ],
  resume: ["Resume a recovery", "It goes on where it was paused."],
  cancel: [
    "Cancel a recovery",
    "What was not handed over is not sent. What was handed over goes on, and `progress.underWay` " +
      "says how much that is; a delivery can be cancelled by itself.",
  ],
};

async function act(
  context: RequestContext<"store" | "catalogue" | "operations" | "settings" | "auditTally">,
  id: string,
  act: keyof typeof WANTED,
) {
  const {
    dependencies: { store, operations },
    actor,
  } = context;
  const recovery = await findRecovery(context, id);
  if (!recovery) return refuse("not_found");
  if (recovery.status === "waiting") return act === "cancel" ? withdraw(context, recovery) : refuse("recovery_waiting");
  const ended = refuse("recovery_ended", `The recovery is ${recovery.status}.`);
  if (!OPEN_RECOVERY_STATUSES.includes(recovery.status)) return ended;
  const told = await operations.tellRecovery(id, act, actor.name);
  // A workflow that was ended by hand, or was never started, says nothing. Its record would stay open for ever.
  if (!told && act !== "cancel") return ended;
  // The workflow says the same a moment later. A reader meanwhile sees what was asked for.
  const changed = await store.recoveries.setStatus(
    id,
    OPEN_RECOVERY_STATUSES,
    WANTED[act],
    told ? undefined : "Its workflow was gone. What was handed over before goes on.",
  );
  if (!told && !changed) return ended;
  await recordAct(context, `recovery.${act}`, id, { role: actor.role });
  return accepted(await viewRecovery(context, (await store.recoveries.get(id)) ?? recovery));
}

/** The one who asked for it, or another, takes it back before anybody has decided. */
async function withdraw(
  context: RequestContext<"store" | "catalogue" | "settings" | "auditTally">,
  recovery: Recovery,
) {
  const { id } = recovery;
  const {
    dependencies: { store },
    actor,
  } = context;
  if (!(await store.recoveries.settleRelease(id, { status: "cancelled", by: actor.name, at: new Date() })))
    return refuse("request_settled");
  await recordAct(context, "recovery.cancel", id, { role: actor.role });
  return accepted(await viewRecovery(context, (await store.recoveries.get(id)) ?? recovery));
}

const actRoute = (name: keyof typeof WANTED): ApiRoute =>
  route({
    method: "post",
    path: `/v1/recoveries/{id}/${name}`,
    operationId: `${name}Recovery`,
    tag: "Recoveries",
    act: "recoveries:write",
    summary: DESCRIPTIONS[name][0],
    description: DESCRIPTIONS[name][1],
    params,
    response: { status: 202, description: "The recovery as it is now", schema: recoveryView },
    problems: ["recovery_ended", "recovery_waiting", "request_settled", "unavailable"],
    handle: async (
      context: RequestContext<"store" | "catalogue" | "operations" | "settings" | "auditTally">,
      { params: { id } },
    ) => act(context, id, name),
  });

export const recoveryActRoutes: readonly ApiRoute[] = [actRoute("pause"), actRoute("resume"), actRoute("cancel")];
