/** Recoveries: send again by filter and time window, with progress. */
import { z } from "zod";
import { newId } from "../store/ids.js";
import type { Recovery } from "../store/model.js";
import type { RecoveryFilter } from "../workflows/contract.js";
import { type Actor, ownsEventType, seesGroup, seesSubscription } from "./access.js";
import { recordAct } from "./audit.js";
import { refuse, type Refusal } from "./errors.js";
import { accepted, ok, type RequestContext, type Route, route } from "./route.js";
import { recoveryInput, recoveryView } from "./schemas/events.js";
import { idOf } from "./schemas/primitives.js";

const params = z.strictObject({ id: idOf("rec") });

function view({ id, filter, status, progress, error, createdBy, createdAt, updatedAt }: Recovery): z.input<typeof recoveryView> {
  const { since, until, ...rest } = filter;
  return {
    id, status, progress, createdBy,
    filter: { ...rest, ...(since !== undefined && { since: new Date(since).toISOString() }), ...(until !== undefined && { until: new Date(until).toISOString() }) },
    ...(error !== undefined && { error }), createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(),
  };
}

function filterOf(actor: Actor, { since, until, subscriptionId, groupId, eventType, status }: z.output<typeof recoveryInput>["filter"]): RecoveryFilter {
  const group = groupId ?? (actor.groupIds?.length === 1 ? actor.groupIds[0] : undefined);
  return {
    status: status ?? ["parked", "exhausted"],
    ...(subscriptionId !== undefined && { subscriptionId }), ...(group !== undefined && { groupId: group }), ...(eventType !== undefined && { eventType }),
    ...(since !== undefined && { since: Date.parse(since) }), ...(until !== undefined && { until: Date.parse(until) }),
  };
}

/** What is beyond the actor does not exist for it; a provider limited to some apis must name an event type of its own. */
async function refuseFilter({ dependencies: { store, catalogue }, actor }: RequestContext, filter: RecoveryFilter): Promise<Refusal | undefined> {
  if (filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until) {
    return refuse("invalid_request", undefined, { errors: [{ path: "filter.until", message: "must be after since" }] });
  }
  if (filter.groupId !== undefined && !seesGroup(actor, filter.groupId)) return refuse("group_unknown");
  if (actor.groupIds && filter.groupId === undefined) return refuse("invalid_request", undefined, { errors: [{ path: "filter.groupId", message: "is needed" }] });
  if (filter.subscriptionId !== undefined) {
    const subscription = await store.subscriptions.get(filter.subscriptionId);
    if (!subscription || !seesSubscription(actor, catalogue, subscription)) return refuse("not_found", "There is no such subscription.");
  }
  // A name may have been another api's before; what was sent under it then is not theirs to send again.
  const madeAt = filter.eventType === undefined ? undefined : catalogue.eventType(filter.eventType)?.createdAt.getTime();
  if (actor.apiIds && madeAt !== undefined) filter.since = Math.max(filter.since ?? 0, madeAt);
  const own = filter.eventType !== undefined && ownsEventType(actor, catalogue, filter.eventType);
  if (actor.apiIds && !own) return refuse("forbidden", "This key is limited to some apis: name an event type of theirs in the filter.");
  return undefined;
}

const seesRecovery = (actor: Actor, recovery: Recovery): boolean => {
  if (actor.groupIds) return recovery.groupId !== undefined && actor.groupIds.includes(recovery.groupId);
  return actor.apiIds === undefined || recovery.createdBy === actor.name;
};

export const recoveryRoutes: readonly Route[] = [
  route({
    method: "post", path: "/v1/recoveries", operationId: "startRecovery", tag: "Recoveries", act: "recoveries:write", summary: "Send many deliveries again",
    description: "By filter and time window; parked and exhausted ones when no status is given. A consumer's recovery is bounded to its group.",
    body: recoveryInput, response: { status: 202, description: "It is under way", schema: recoveryView }, problems: ["group_unknown", "unavailable"],
    async handle(context, { body }) {
      const { actor, dependencies } = context;
      const filter = filterOf(actor, body.filter);
      const refusal = await refuseFilter(context, filter);
      if (refusal) return refusal;
      const now = new Date();
      const recovery: Recovery = {
        id: newId("rec"), filter, status: "running", progress: { found: 0, resent: 0 }, createdBy: actor.name, createdAt: now, updatedAt: now,
        ...(actor.groupIds && filter.groupId !== undefined && { groupId: filter.groupId }),
      };
      await dependencies.store.recoveries.insert(recovery);
      await dependencies.operations.startRecovery(recovery).catch(async (error: unknown) => {
        // Nobody would ever end a recovery that never began.
        await dependencies.store.recoveries.update(recovery.id, { status: "failed", error: "It could not be started; start a new one." });
        throw error;
      });
      await recordAct(context, "recovery.start", recovery.id, { filter });
      return accepted(view(recovery));
    },
  }),
  route({
    method: "get", path: "/v1/recoveries/{id}", operationId: "readRecovery", tag: "Recoveries", act: "recoveries:read", summary: "Read the progress of a recovery",
    params, response: { status: 200, description: "The recovery", schema: recoveryView },
    async handle({ dependencies, actor }, { params: { id } }) {
      const recovery = await dependencies.store.recoveries.get(id);
      return recovery && seesRecovery(actor, recovery) ? ok(view(recovery)) : refuse("not_found");
    },
  }),
];
