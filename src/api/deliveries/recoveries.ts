/** Recoveries: preview, start, watch, pause, resume and cancel. */
import { z } from "zod";
import { OPEN_RECOVERY_STATUSES, type Recovery } from "../../store/collections/recoveries.js";
import { noProgress, type RecoveryFilter, type RecoveryStatus } from "../../workflows/recovery/recovery-contract.js";
import type { Actor } from "../access/actor.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { duplicateOrThrow } from "../http/failure.js";
import { type CheckedFilter, checkFilter } from "./recovery-filter.js";
import { alreadyStarted, makePreview, type Preview, type PreviewClaims, redeem } from "./recovery-preview.js";
import { accepted, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { pageOf } from "../http/primitives.js";
import {
  previewInput,
  previewView,
  recoveryId,
  recoveryInput,
  recoveryQuery,
  recoveryView,
} from "./recovery-schemas.js";

const params = z.strictObject({ id: recoveryId });

const filterView = ({ since, until, ...rest }: RecoveryFilter): z.input<typeof recoveryView>["filter"] => ({
  ...rest,
  ...(since !== undefined && { since: new Date(since).toISOString() }),
  ...(until !== undefined && { until: new Date(until).toISOString() }),
});

function view({
  id,
  filter,
  status,
  progress,
  count,
  reason,
  error,
  createdBy,
  createdAt,
  updatedAt,
}: Recovery): z.input<typeof recoveryView> {
  const { sent, delivered, failedAgain } = progress;
  return {
    id,
    status,
    createdBy,
    filter: filterView(filter),
    progress: { ...progress, underWay: Math.max(0, sent - delivered - failedAgain) },
    ...(count !== undefined && { count }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function previewOf(
  { summary: { count, exact, byStatus, oldest, newest }, bySubscription, estimatedSeconds, claims, token }: Preview,
  filter: RecoveryFilter,
): z.input<typeof previewView> {
  return {
    count,
    exact,
    byStatus,
    bySubscription,
    estimatedSeconds,
    token,
    expiresAt: new Date(claims.expiresAt).toISOString(),
    filter: filterView({ ...filter, until: claims.until }),
    ...(oldest && { oldest: oldest.toISOString() }),
    ...(newest && { newest: newest.toISOString() }),
  };
}

const seesRecovery = (actor: Actor, recovery: Recovery): boolean => {
  if (actor.groupIds) return recovery.groupId !== undefined && actor.groupIds.includes(recovery.groupId);
  return actor.apiIds === undefined || recovery.createdBy === actor.name;
};

async function findRecovery(
  { dependencies: { store }, actor }: RequestContext<"store">,
  id: string,
): Promise<Recovery | undefined> {
  const recovery = await store.recoveries.get(id);
  return recovery && seesRecovery(actor, recovery) ? recovery : undefined;
}

async function preview(
  context: RequestContext<"store" | "catalogue" | "limits" | "clock">,
  { filter: given, includeDelivered }: z.output<typeof previewInput>,
) {
  const now = (context.dependencies.clock ?? Date.now)();
  const checked = await checkFilter(context, given, includeDelivered ?? given.includeDelivered ?? false, now);
  if ("refused" in checked) return checked;
  const limited = await context.dependencies.limits.refuse(context.actor, "previews", { group: checked.group });
  if (limited) return limited;
  return ok(previewOf(await makePreview(context, checked, now), checked.filter));
}

async function start(
  context: RequestContext<"store" | "catalogue" | "operations" | "limits" | "clock">,
  { filter: given, includeDelivered, token, reason }: z.output<typeof recoveryInput>,
) {
  const now = (context.dependencies.clock ?? Date.now)();
  const checked = await checkFilter(context, given, includeDelivered ?? given.includeDelivered ?? false, now);
  if ("refused" in checked) return checked;
  const claims = await redeem(context, token, checked, now);
  if ("refused" in claims) return claims;
  const limited = await context.dependencies.limits.refuse(context.actor, "recoveries", { group: checked.group });
  return limited ?? begin(context, checked, claims, reason);
}

async function begin(
  context: RequestContext<"store" | "catalogue" | "operations">,
  { filter }: CheckedFilter,
  { id, until, count }: PreviewClaims,
  reason: string | undefined,
) {
  const {
    actor,
    dependencies: { store, operations },
  } = context;
  const now = new Date();
  const recovery: Recovery = {
    id,
    filter: { ...filter, until },
    status: "running",
    progress: noProgress(),
    count,
    createdBy: actor.name,
    createdAt: now,
    updatedAt: now,
    ...(reason !== undefined && { reason }),
    ...(actor.groupIds && filter.groupId !== undefined && { groupId: filter.groupId }),
  };
  if (await store.recoveries.insert(recovery).then(() => false, duplicateOrThrow)) return alreadyStarted({ id });
  await operations.startRecovery(recovery).catch(async (error: unknown) => {
    // Nobody would ever end a recovery that never began.
    await store.recoveries.setStatus(id, ["running"], "failed", "It could not be started; make a new preview.");
    throw error;
  });
  await recordAct(context, "recovery.start", id, {
    filter: recovery.filter,
    count,
    ...(reason !== undefined && { reason }),
  });
  return accepted(view(recovery));
}

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
  context: RequestContext<"store" | "catalogue" | "operations">,
  id: string,
  act: keyof typeof WANTED,
) {
  const {
    dependencies: { store, operations },
    actor,
  } = context;
  const recovery = await findRecovery(context, id);
  if (!recovery) return refuse("not_found");
  const ended = refuse("recovery_ended", `The recovery is ${recovery.status}.`);
  if (!OPEN_RECOVERY_STATUSES.includes(recovery.status)) return ended;
  if (!(await operations.tellRecovery(id, act, actor.name))) return ended;
  // The workflow says the same a moment later. A reader meanwhile sees what was asked for.
  await store.recoveries.setStatus(id, OPEN_RECOVERY_STATUSES, WANTED[act]);
  await recordAct(context, `recovery.${act}`, id);
  return accepted(view((await store.recoveries.get(id)) ?? recovery));
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
    problems: ["recovery_ended", "unavailable"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { id } }) =>
      act(context, id, name),
  });

const REFUSALS = [
  "recovery_window_needed",
  "recovery_delivered_refused",
  "group_unknown",
  "not_found",
  "unavailable",
  "rate_limited",
] as const;

export const recoveryRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/recoveries/preview",
    operationId: "previewRecovery",
    tag: "Recoveries",
    act: "recoveries:write",
    summary: "Count what a recovery would send again",
    description:
      "Sends nothing. `since` is needed, the window is at most 30 days. Without `status`: parked " +
      "and exhausted ones. Several groups at once are for operators and admins.",
    body: previewInput,
    response: { status: 200, description: "What would be sent, and the token that starts it", schema: previewView },
    problems: REFUSALS,
    handle: async (context: RequestContext<"store" | "catalogue" | "limits" | "clock">, { body }) =>
      preview(context, body),
  }),
  route({
    method: "post",
    path: "/v1/recoveries",
    operationId: "startRecovery",
    tag: "Recoveries",
    act: "recoveries:write",
    summary: "Send many deliveries again",
    description:
      "With the filter and the token of a preview. Each subscription gets its part at its own rate " +
      "(10 a second where it has none), and at most half of that while live traffic " +
      "of it waits. The content of erased events is never sent.",
    body: recoveryInput,
    response: { status: 202, description: "It is under way", schema: recoveryView },
    problems: [...REFUSALS, "preview_changed"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations" | "limits" | "clock">, { body }) =>
      start(context, body),
  }),
  route({
    method: "get",
    path: "/v1/recoveries",
    operationId: "listRecoveries",
    tag: "Recoveries",
    act: "recoveries:read",
    summary: "List recoveries",
    description: "A consumer sees those of its group, a provider limited to some apis its own.",
    query: recoveryQuery,
    response: { status: 200, description: "A page of recoveries", schema: pageOf(recoveryView) },
    async handle({ dependencies: { store }, actor }: RequestContext<"store">, { query }) {
      if (actor.groupIds?.length === 0) return pageReply({ data: [] }, view);
      const filter = {
        ...(actor.groupIds && { groupIds: actor.groupIds }),
        ...(!actor.groupIds && actor.apiIds && { createdBy: actor.name }),
        ...(query.status && { status: query.status }),
      };
      return pageReply(await store.recoveries.list(pageRequest(query), filter), view);
    },
  }),
  route({
    method: "get",
    path: "/v1/recoveries/{id}",
    operationId: "readRecovery",
    tag: "Recoveries",
    act: "recoveries:read",
    summary: "Read the progress of a recovery",
    params,
    response: { status: 200, description: "The recovery", schema: recoveryView },
    async handle(context: RequestContext<"store">, { params: { id } }) {
      const recovery = await findRecovery(context, id);
      return recovery ? ok(view(recovery)) : refuse("not_found");
    },
  }),
  actRoute("pause"),
  actRoute("resume"),
  actRoute("cancel"),
];
