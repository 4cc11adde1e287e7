/**
 * The second person's decision about a wide recovery. Nothing is sent before it, because the workflow starts only then.
 */
import { z } from "zod";
import type { Recovery, ReleaseDecision } from "../../store/collections/recoveries.js";
import { recordAct } from "../access/audit.js";
import { ownAskers } from "../access/second-person.js";
import { refuse, type Refusal } from "../http/errors.js";
import { accepted, type ApiRoute, type RequestContext, route } from "../route.js";
import { refuseGrown } from "./recovery-preview.js";
import { recoveryId, recoveryView, releaseInput, releaseRefusalInput } from "./recovery-schemas.js";
import { findRecovery, type RecoveryContext, viewRecovery } from "./recovery-view.js";

const params = z.strictObject({ id: recoveryId });
type Context = RequestContext<"store" | "catalogue" | "operations" | "settings" | "limits" | "auditTally">;

/** The recovery that this actor may decide about now. */
async function findWaiting(context: RecoveryContext, id: string): Promise<Recovery | Refusal> {
  const recovery = await findRecovery(context, id);
  if (!recovery) return refuse("not_found");
  if (recovery.status !== "waiting" && !isApproved(recovery)) return settled(recovery);
  return (await ownAskers(context, [recovery.createdBy])).length > 0
    ? refuse("second_person_needed", "You asked for this recovery, or a key that counts as you.")
    : recovery;
}

const settled = ({ status }: Recovery): Refusal => refuse("request_settled", `The recovery is ${status}.`);

/** Released, and nothing is sent yet: the process may have died before the workflow was started. */
const isApproved = ({ status, release, progress }: Recovery): boolean =>
  status === "running" && release !== undefined && progress.found === 0;

async function approve(context: Context, id: string, reason: string | undefined) {
  const {
    actor,
    dependencies: { store, operations, limits },
  } = context;
  const recovery = await findWaiting(context, id);
  if ("refused" in recovery) return recovery;
  if (recovery.status === "waiting") {
    const refusal =
      (await limits.refuse(actor, "previews", { group: undefined })) ?? (await refuseGrown(context, recovery));
    if (refusal) return refusal;
    const approval: ReleaseDecision = {
      status: "running",
      by: actor.name,
      at: new Date(),
      ...(reason !== undefined && { reason }),
    };
    if (!(await store.recoveries.settleRelease(id, approval)))
      return settled((await store.recoveries.get(id)) ?? recovery);
  }
  // Repeatable: a second start of the same workflow changes nothing.
  await operations.startRecovery(recovery);
  await recordAct(context, "recovery.approve", id, {
    filter: recovery.filter,
    count: recovery.count,
    requestedBy: recovery.createdBy,
    role: actor.role,
    ...(reason !== undefined && { reason }),
  });
  return accepted(await viewRecovery(context, (await store.recoveries.get(id)) ?? recovery));
}

async function refuseRelease(context: RecoveryContext & RequestContext<"catalogue">, id: string, reason: string) {
  const {
    actor,
    dependencies: { store },
  } = context;
  const recovery = await findWaiting(context, id);
  if ("refused" in recovery) return recovery;
  if (!(await store.recoveries.settleRelease(id, { status: "refused", by: actor.name, at: new Date(), reason })))
    return settled((await store.recoveries.get(id)) ?? recovery);
  await recordAct(context, "recovery.refuse", id, { requestedBy: recovery.createdBy, role: actor.role, reason });
  return accepted(await viewRecovery(context, (await store.recoveries.get(id)) ?? recovery));
}

export const releaseRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/recoveries/{id}/approve",
    operationId: "approveRecovery",
    tag: "Recoveries",
    act: "recoveries:release",
    summary: "Release a recovery that waits for a second person",
    description:
      "It begins. Who asked for it cannot release it, nor can a key that this person made, or that made the key of " +
      "the request. What the filter names is counted anew: with 10 % more it is refused. If the answer is lost, the " +
      "same call again is safe.",
    params,
    body: releaseInput,
    bodyOptional: true,
    response: { status: 202, description: "It is under way", schema: recoveryView },
    problems: [
      "second_person_needed",
      "request_settled",
      "preview_changed",
      "recovery_too_wide",
      "rate_limited",
      "unavailable",
    ],
    handle: async (context: Context, { params: { id }, body: { reason } }) => approve(context, id, reason),
  }),
  route({
    method: "post",
    path: "/v1/recoveries/{id}/refuse",
    operationId: "refuseRecovery",
    tag: "Recoveries",
    act: "recoveries:release",
    summary: "Refuse a recovery that waits for a second person",
    description: "It ends, and nothing of it is sent.",
    params,
    body: releaseRefusalInput,
    response: { status: 202, description: "It is refused", schema: recoveryView },
    problems: ["second_person_needed", "request_settled", "unavailable"],
    handle: async (context: RecoveryContext & RequestContext<"catalogue">, { params: { id }, body: { reason } }) =>
      refuseRelease(context, id, reason),
  }),
];
