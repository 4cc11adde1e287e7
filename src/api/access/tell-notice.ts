/** What the acts of people tell others. */
import type { Recovery } from "../../store/collections/recoveries.js";
import type { Notice, NoticeKind } from "../../store/notices/notice.js";
import { tellNotice } from "../../store/notices/tell-notice.js";
import { maskUrls } from "../../store/url-secrets.js";
import type { GrantRequest, Subscription } from "../../store/model.js";
import { LIFE, type LifeAct } from "../../store/subscription-life.js";
import type { RequestContext } from "../route.js";

type TellingContext = Pick<RequestContext<"store" | "log">, "dependencies">;

/** Tells of an act on a subscription. Nothing waits for it. */
export function tellOfSubscription(
  { dependencies: { store, log } }: TellingContext,
  kind: NoticeKind,
  { id, groupId }: Pick<Subscription, "id" | "groupId">,
  { reason, detail }: { reason?: string | undefined; detail?: Notice["detail"] } = {},
): void {
  const at = new Date();
  tellNotice(
    store,
    {
      id: `${kind}/${id}/${at.getTime()}`,
      kind,
      at,
      groupId,
      subscriptionId: id,
      ...(reason !== undefined && { reason: maskUrls(reason) }),
      ...(detail && { detail }),
    },
    log,
  );
}

/** Tells of a step that was taken. A submission is told elsewhere, because only some wait for somebody. */
export function tellOfStep(
  context: TellingContext,
  act: LifeAct,
  { before, after, reason }: { before: Subscription | undefined; after: Subscription; reason: string | undefined },
): void {
  const kind = kindOfStep(act, before, after);
  if (kind)
    tellOfSubscription(context, kind, after, {
      reason: reason ?? whyOf(before, after),
      detail: { status: after.status },
    });
}

/** Of a disabled one that was resumed: whether its endpoint answers is tried first, and its health says so. */
const whyOf = (before: Subscription | undefined, { health }: Subscription): string | undefined =>
  before?.status === "disabled" ? health?.reason : undefined;

function kindOfStep(act: LifeAct, before: Subscription | undefined, after: Subscription): NoticeKind | undefined {
  if (act === "approve") return "subscription.approved";
  if (act === "reject") return "subscription.rejected";
  if (before === undefined || before.status === after.status) return undefined;
  if (LIFE[after.status].routing !== "held")
    return LIFE[before.status].routing === "held" ? "subscription.reinstated" : undefined;
  return act === "pause" || act === "suspend" ? "subscription.paused" : undefined;
}

/** Tells of a recovery that waits for a second person. */
export function tellOfWaiting(
  { dependencies: { store, log } }: TellingContext,
  { id, count = 0, reason, release, createdAt }: Recovery,
): void {
  tellNotice(
    store,
    {
      id: `recovery.waiting/${id}`,
      kind: "recovery.waiting",
      at: createdAt,
      subject: id,
      ...(reason !== undefined && { reason: maskUrls(reason) }),
      detail: { deliveries: count, ...(release && { until: release.until.toISOString() }) },
    },
    log,
  );
}

/** Tells of a request for a grant, or of the answer to it. Each happens once. */
export function tellOfGrant(
  { dependencies: { store, log } }: TellingContext,
  kind: "grant.requested" | "grant.approved" | "grant.refused",
  { id, groupId, apiId, grant, reason, decisionReason }: GrantRequest,
): void {
  const why = kind === "grant.requested" ? reason : decisionReason;
  tellNotice(
    store,
    {
      id: `${kind}/${id}`,
      kind,
      at: new Date(),
      groupId,
      apiId,
      subject: id,
      ...(why !== undefined && { reason: maskUrls(why) }),
      detail: { grant },
    },
    log,
  );
}
