/** Recoveries as they are shown, and to whom. */
import type { z } from "zod";
import type { Recovery } from "../../store/collections/recoveries.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import type { Actor } from "../access/actor.js";
import { mayBeOnePerson } from "../access/second-person.js";
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

type View = z.input<typeof recoveryView>;

/** For this actor, because whose decision it waits for depends on who asks. */
export async function viewRecovery(
  { actor, dependencies: { store } }: RequestContext<"store">,
  recovery: Recovery,
): Promise<View> {
  const { id, filter, status, progress, count, reason, error, createdBy, createdAt, startedAt, updatedAt } = recovery;
  const { ratePerSecond, order, release } = recovery;
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
    ...(release && {
      release: {
        until: release.until.toISOString(),
        own: await mayBeOnePerson(store, createdBy, actor.name),
        ...(release.decidedBy !== undefined && { decidedBy: release.decidedBy }),
        ...(release.decidedAt && { decidedAt: release.decidedAt.toISOString() }),
        ...(release.reason !== undefined && { reason: release.reason }),
      },
    }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
    createdAt: createdAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    updatedAt: updatedAt.toISOString(),
  };
}

const seesRecovery = (actor: Actor, recovery: Recovery): boolean => {
  if (actor.groupIds) return recovery.groupId !== undefined && actor.groupIds.includes(recovery.groupId);
  return actor.apiIds === undefined || recovery.createdBy === actor.name;
};

/** The recovery, when this actor sees it. */
export async function findRecovery(
  { dependencies: { store }, actor }: RequestContext<"store">,
  id: string,
): Promise<Recovery | undefined> {
  const recovery = await store.recoveries.get(id);
  return recovery && seesRecovery(actor, recovery) ? recovery : undefined;
}
