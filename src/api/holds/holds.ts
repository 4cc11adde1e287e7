/** Legal holds. What is held is neither removed by its age nor erased. */
import { z } from "zod";
import type { Hold, HoldTarget } from "../../store/collections/holds.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { groupRef } from "../catalogue/schemas.js";
import { refuse } from "../http/errors.js";
import { eventRef, instant, pageOf, pageQuery } from "../http/primitives.js";
import { type ApiRoute, noContent, ok, type RequestContext, route } from "../route.js";

const holdInput = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .meta({ description: "Why it is held, for instance the number of the case", example: "Case 2026-114" }),
  })
  .meta({ id: "HoldInput" });
const holdView = z
  .object({
    target: z.string().meta({ description: "`event/<id>` or `group/<id>`", example: "event/order-4711" }),
    reason: z.string(),
    by: z.string(),
    at: instant,
  })
  .meta({ id: "Hold" });

const view = ({ target, reason, by, at }: Hold): z.input<typeof holdView> => ({
  target,
  reason,
  by,
  at: at.toISOString(),
});

type Context = RequestContext<"store" | "catalogue">;

async function read({ dependencies: { store } }: RequestContext<"store">, target: HoldTarget) {
  const hold = await store.holds.get(target);
  return hold ? ok(view(hold)) : refuse("not_found");
}

/** `stays`: whether what is held is still there once the hold is on record. */
async function place(
  context: Context,
  { target, reason, stays }: { target: HoldTarget; reason: string; stays: () => Promise<boolean> },
) {
  const { actor, dependencies } = context;
  if (!(await stays())) return refuse("not_found");
  const hold: Hold = { target, reason, by: actor.name, at: new Date() };
  const before = await dependencies.store.holds.get(target);
  await dependencies.store.holds.put(hold);
  // The retention may have been removing it before it could see the hold.
  if (!(await stays())) {
    if (!before) await dependencies.store.holds.delete(target);
    return refuse("not_found");
  }
  await recordAct(context, "hold.place", target, { reason });
  return ok(view(hold));
}

async function lift(context: Context, target: HoldTarget) {
  if (!(await context.dependencies.store.holds.delete(target))) return refuse("not_found");
  await recordAct(context, "hold.lift", target);
  return noContent;
}

const eventParams = z.strictObject({ ref: eventRef });
const groupParams = z.strictObject({ id: groupRef });
const HELD = { status: 200, description: "The hold", schema: holdView } as const;

const eventHoldRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/events/{ref}/hold",
    operationId: "readEventHold",
    tag: "Events",
    act: "holds:read",
    summary: "Read the legal hold on an event",
    params: eventParams,
    response: HELD,
    handle: async (context: RequestContext<"store">, { params: { ref } }) => read(context, `event/${ref}`),
  }),
  route({
    method: "put",
    path: "/v1/events/{ref}/hold",
    operationId: "holdEvent",
    tag: "Events",
    act: "holds:write",
    summary: "Hold an event",
    description:
      "`ref` is the id of the event, percent-encoded, or its `webhook-id`. While the event is held it is neither " +
      "removed by its age nor erased, and neither are its deliveries. A second hold replaces the reason.",
    params: eventParams,
    body: holdInput,
    response: HELD,
    handle: async (context: Context, { params: { ref }, body: { reason } }) =>
      place(context, { target: `event/${ref}`, reason, stays: () => context.dependencies.store.retention.stays(ref) }),
  }),
  route({
    method: "delete",
    path: "/v1/events/{ref}/hold",
    operationId: "liftEventHold",
    tag: "Events",
    act: "holds:write",
    summary: "Lift the legal hold on an event",
    params: eventParams,
    response: { status: 204, description: "Lifted" },
    handle: async (context: Context, { params: { ref } }) => lift(context, `event/${ref}`),
  }),
];

const groupHoldRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/groups/{id}/hold",
    operationId: "readGroupHold",
    tag: "Groups",
    act: "holds:read",
    summary: "Read the legal hold on a group",
    params: groupParams,
    response: HELD,
    handle: async (context: RequestContext<"store">, { params: { id } }) => read(context, `group/${id}`),
  }),
  route({
    method: "put",
    path: "/v1/groups/{id}/hold",
    operationId: "holdGroup",
    tag: "Groups",
    act: "holds:write",
    summary: "Hold everything that was sent to a group",
    description:
      "While the group is held, no event that was addressed or delivered to it is removed by its age or erased. " +
      "The group cannot be deleted either. A second hold replaces the reason.",
    params: groupParams,
    body: holdInput,
    response: HELD,
    handle: async (context: Context, { params: { id }, body: { reason } }) =>
      place(context, {
        target: `group/${id}`,
        reason,
        stays: async () => (await context.dependencies.store.groups.get(id)) !== undefined,
      }),
  }),
  route({
    method: "delete",
    path: "/v1/groups/{id}/hold",
    operationId: "liftGroupHold",
    tag: "Groups",
    act: "holds:write",
    summary: "Lift the legal hold on a group",
    params: groupParams,
    response: { status: 204, description: "Lifted" },
    handle: async (context: Context, { params: { id } }) => lift(context, `group/${id}`),
  }),
];

export const holdRoutes: readonly ApiRoute[] = [
  ...eventHoldRoutes,
  ...groupHoldRoutes,
  route({
    method: "get",
    path: "/v1/holds",
    operationId: "listHolds",
    tag: "Administration",
    act: "holds:read",
    summary: "List legal holds, newest first",
    query: pageQuery,
    response: { status: 200, description: "A page of holds", schema: pageOf(holdView) },
    handle: async ({ dependencies: { store } }: RequestContext<"store">, { query }) =>
      pageReply(await store.holds.list(pageRequest(query)), view),
  }),
];
