/** Recoveries as they are shown, and to whom. */
import type { z } from "zod";
import type { Recovery, Release } from "../../store/collections/recoveries.js";
import { withoutCanceller } from "../../catalogue/recovery/without-canceller.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import { mayAct, seesRecovery } from "../access/access.js";
import { namesOf } from "../access/actor-names.js";
import { ownAskers } from "../access/second-person.js";
import type { RequestContext } from "../route.js";
import type { previewView, recoveryView } from "./recovery-schemas.js";

export const recoveryFilterView = ({
  since,
  until,
  ...rest
}: RecoveryFilter): z.input<typeof previewView>["filter"] => ({
  ...rest,
  ...(since !== undefined && { since: new Date(since).toISOString() }),
  ...(until !== undefined && { until: new Date(until).toISOString() }),
});

/** What a handler needs that shows a recovery. */
export type RecoveryContext = RequestContext<"store" | "settings" | "auditTally">;
type View = z.input<typeof recoveryView>;

/** For this actor, because whose decision it waits for depends on who asks. */
export async function viewRecovery(context: RecoveryContext, recovery: Recovery): Promise<View> {
  const { release } = recovery;
  return { ...recoveryFacts(recovery), ...(release && (await releaseView(context, recovery, release))) };
}

/** What all who see it are told. */
export function recoveryFacts(recovery: Recovery): View {
  const { id, filter, status, progress, count, reason, error, createdBy, createdAt, startedAt, updatedAt } = recovery;
  const { ratePerSecond, order } = recovery;
  const { sent, delivered, failedAgain } = progress;
  return {
    id,
    status,
    createdBy,
    filter: recoveryFilterView(filter),
    progress: { ...progress, underWay: Math.max(0, sent - delivered - failedAgain) },
    ...(count !== undefined && { count }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(order && { order }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error: withoutCanceller(error) }),
    createdAt: createdAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    updatedAt: updatedAt.toISOString(),
  };
}

/** Who may decide is told who asked by name, and whether it is their own wish. */
async function releaseView(
  context: RecoveryContext,
  { createdBy, status }: Recovery,
  { until, decidedBy, decidedAt, reason }: Release,
): Promise<Pick<View, "release" | "createdByName">> {
  const [names, own] = await Promise.all([
    mayAct(context.actor, "recoveries:release")
      ? namesOf(context, [createdBy, ...(decidedBy === undefined ? [] : [decidedBy])])
      : new Map<string, string>(),
    status === "waiting" ? ownAskers(context, [createdBy]) : [],
  ]);
  const [asker, decider] = [names.get(createdBy), names.get(decidedBy ?? "")];
  return {
    ...(asker !== undefined && { createdByName: asker }),
    release: {
      until: until.toISOString(),
      own: own.length > 0,
      ...(decidedBy !== undefined && { decidedBy }),
      ...(decider !== undefined && { decidedByName: decider }),
      ...(decidedAt && { decidedAt: decidedAt.toISOString() }),
      ...(reason !== undefined && { reason }),
    },
  };
}

/** The recovery, when this actor sees it. */
export async function findRecovery(
  { dependencies: { store }, actor }: RequestContext<"store">,
  id: string,
): Promise<Recovery | undefined> {
  const recovery = await store.recoveries.get(id);
  return recovery && seesRecovery(actor, recovery) ? recovery : undefined;
}
