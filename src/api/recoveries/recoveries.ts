/** Recoveries: preview, start, watch. */
import { z } from "zod";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import { pageRequest } from "../access/audit.js";
import { countReply } from "../deliveries/delivery-query.js";
import { countView } from "../deliveries/schemas.js";
import { refuse } from "../http/errors.js";
import { pageOf } from "../http/primitives.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { recoveryActRoutes } from "./recovery-acts.js";
import { checkFilter } from "./recovery-filter.js";
import { recoveryHistoryRoute } from "./recovery-history.js";
import { recoveriesUpTo, recoveryListFilter } from "./recovery-list.js";
import { makePreview, type Preview } from "./recovery-preview.js";
import {
  previewInput,
  previewView,
  recoveryId,
  recoveryInput,
  recoveryListQuery,
  recoveryQuery,
  recoveryView,
} from "./recovery-schemas.js";
import { findRecovery, type RecoveryContext, recoveryFilterView, viewRecovery } from "./recovery-view.js";
import { releaseRoutes } from "./release.js";
import { sendEventRoute } from "./send-event.js";
import { needsRelease, startRecovery } from "./start-recovery.js";

const params = z.strictObject({ id: recoveryId });
/** Each is read to be counted. */
const MOST_COUNTED = 1_000;

function previewOf(
  { summary: { count, exact, byStatus, oldest, newest }, bySubscription, estimatedSeconds, claims, token }: Preview,
  { filter, waits }: { filter: RecoveryFilter; waits: boolean },
): z.input<typeof previewView> {
  return {
    count,
    exact,
    byStatus,
    bySubscription,
    estimatedSeconds,
    needsRelease: waits,
    token,
    expiresAt: new Date(claims.expiresAt).toISOString(),
    filter: recoveryFilterView({ ...filter, until: claims.until }),
    ...(oldest && { oldest: oldest.toISOString() }),
    ...(newest && { newest: newest.toISOString() }),
  };
}

async function preview(
  context: RequestContext<"store" | "catalogue" | "settings" | "limits" | "clock">,
  { filter: given, includeDelivered }: z.output<typeof previewInput>,
) {
  const now = (context.dependencies.clock ?? Date.now)();
  const checked = await checkFilter(context, given, includeDelivered ?? given.includeDelivered ?? false, now);
  if ("refused" in checked) return checked;
  const limited = await context.dependencies.limits.refuse(context.actor, "previews", { group: checked.group });
  if (limited) return limited;
  const made = await makePreview(context, checked, now);
  if ("refused" in made) return made;
  const waits = needsRelease(context.dependencies.settings, checked, made.claims.count);
  return ok(previewOf(made, { filter: checked.filter, waits }));
}

const REFUSALS = [
  "recovery_window_needed",
  "recovery_too_wide",
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
    handle: async (context: RequestContext<"store" | "catalogue" | "settings" | "limits" | "clock">, { body }) =>
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
      "of it waits. The content of erased events is never sent. A recovery of several groups with more than 10,000 " +
      "deliveries (RECOVERY_RELEASE_ABOVE) is `waiting`: it begins when a second person releases it within 24 hours.",
    body: recoveryInput,
    response: { status: 202, description: "It is under way, or waits for a second person", schema: recoveryView },
    problems: [...REFUSALS, "preview_changed"],
    handle: async (
      context: RequestContext<
        "store" | "catalogue" | "operations" | "limits" | "settings" | "auditTally" | "clock" | "log"
      >,
      { body },
    ) => startRecovery(context, body),
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
    async handle(context: RecoveryContext & RequestContext<"catalogue">, { query }) {
      const filter = recoveryListFilter(context, query);
      if (!filter) return ok({ data: [], next: null });
      const { data, next } = await context.dependencies.store.recoveries.list(pageRequest(query), filter);
      return ok({ data: await Promise.all(data.map((each) => viewRecovery(context, each))), next: next ?? null });
    },
  }),
  route({
    method: "get",
    path: "/v1/recoveries/count",
    operationId: "countRecoveries",
    tag: "Recoveries",
    act: "recoveries:read",
    summary: "Count recoveries",
    description: "Those that `GET /v1/recoveries` lists with the same filters. It counts up to 1,000 and then stops.",
    query: recoveryListQuery,
    response: { status: 200, description: "The number", schema: countView },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const filter = recoveryListFilter(context, query);
      const { length } = filter ? await recoveriesUpTo(context, filter, MOST_COUNTED) : [];
      return countReply({ count: Math.min(length, MOST_COUNTED), exact: length <= MOST_COUNTED });
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
    async handle(context: RecoveryContext, { params: { id } }) {
      const recovery = await findRecovery(context, id);
      return recovery ? ok(await viewRecovery(context, recovery)) : refuse("not_found");
    },
  }),
  recoveryHistoryRoute,
  ...recoveryActRoutes,
  ...releaseRoutes,
  sendEventRoute,
];
