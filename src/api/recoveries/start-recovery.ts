/** Starts a recovery by the token of its preview, or puts it before a second person. */
import type { z } from "zod";
import type { Recovery } from "../../store/collections/recoveries.js";
import { HOUR_MS } from "../../workflows/durations.js";
import { noProgress } from "../../workflows/recovery/recovery-contract.js";
import { recordAct } from "../access/audit.js";
import { tellOfWaiting } from "../access/tell-notice.js";
import { duplicateOrThrow } from "../http/failure.js";
import { accepted, type RequestContext } from "../route.js";
import { type CheckedFilter, checkFilter } from "./recovery-filter.js";
import { alreadyStarted, type PreviewClaims, redeem } from "./recovery-preview.js";
import type { recoveryInput } from "./recovery-schemas.js";
import { viewRecovery } from "./recovery-view.js";

/** So long it waits for a second person. */
const RELEASE_WITHIN_MS = 24 * HOUR_MS;

/** Whether a second person has to release a recovery of this filter and count. */
export const needsRelease = (
  { twoPerson, recoveryReleaseAbove }: { twoPerson: boolean; recoveryReleaseAbove: number },
  { group }: Pick<CheckedFilter, "group">,
  count: number,
): boolean => twoPerson && group === undefined && count > recoveryReleaseAbove;

type Input = z.output<typeof recoveryInput>;

export async function startRecovery(
  context: RequestContext<
    "store" | "catalogue" | "operations" | "limits" | "settings" | "auditTally" | "clock" | "log"
  >,
  { filter: given, includeDelivered, token, ...input }: Input,
) {
  const now = (context.dependencies.clock ?? Date.now)();
  const checked = await checkFilter(context, given, includeDelivered ?? given.includeDelivered ?? false, now);
  if ("refused" in checked) return checked;
  const claims = await redeem(context, token, checked, now);
  if ("refused" in claims) return claims;
  const limited = await context.dependencies.limits.refuse(context.actor, "recoveries", { group: checked.group });
  return limited ?? begin(context, checked, claims, input);
}

type Asked = Pick<Input, "reason" | "ratePerSecond" | "order">;

async function begin(
  context: RequestContext<"store" | "catalogue" | "operations" | "settings" | "auditTally" | "log">,
  checked: CheckedFilter,
  claims: PreviewClaims,
  asked: Asked,
) {
  const { store, operations, settings } = context.dependencies;
  const waits = needsRelease(settings, checked, claims.count);
  const recovery = recoveryOf(context, checked, claims, { ...asked, waits });
  const { id, filter, count, reason } = recovery;
  if (await store.recoveries.insert(recovery).then(() => false, duplicateOrThrow)) return alreadyStarted({ id });
  if (waits) tellOfWaiting(context, recovery);
  else
    await operations.startRecovery(recovery).catch(async (error: unknown) => {
      // Nobody would ever end a recovery that never began.
      await store.recoveries.setStatus(id, ["running"], "failed", "It could not be started; make a new preview.");
      throw error;
    });
  await recordAct(context, waits ? "recovery.request" : "recovery.start", id, {
    filter,
    count,
    role: context.actor.role,
    ...(reason !== undefined && { reason }),
  });
  return accepted(await viewRecovery(context, recovery));
}

function recoveryOf(
  { actor }: RequestContext,
  { filter }: CheckedFilter,
  { id, until, count }: PreviewClaims,
  { waits, reason, ratePerSecond, order = "asc" }: Asked & { waits: boolean },
): Recovery {
  const now = new Date();
  return {
    id,
    filter: { ...filter, until },
    status: waits ? "waiting" : "running",
    progress: noProgress(),
    count,
    order,
    createdBy: actor.name,
    createdAt: now,
    updatedAt: now,
    ...(waits ? { release: { until: new Date(now.getTime() + RELEASE_WITHIN_MS) } } : { startedAt: now }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(reason !== undefined && { reason }),
    ...(actor.groupIds && filter.groupId !== undefined && { groupId: filter.groupId }),
  };
}
