/** Groups of consumers and what they are granted. */
import { z } from "zod";
import { newId } from "../../store/ids.js";
import type { Group } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { ownsGrants, seesGroup } from "../access/access.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { duplicateOrThrow } from "../http/failure.js";
import { applyChange } from "../http/change.js";
import { deleteGroup } from "../deliveries/erasure.js";
import { refuse, type Refusal } from "../http/errors.js";
import { created, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { eraseQuery, groupChange, groupInput, groupRef, groupView } from "./schemas.js";
import { pageOf, pageQuery } from "../http/primitives.js";

const params = z.strictObject({ id: groupRef });

const view = ({ createdAt, updatedAt, ...group }: Group): z.input<typeof groupView> => ({
  ...group,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

/**
 * Grants must name something that exists, and a provider limited to some apis may touch only groups that are granted
 * nothing else.
 */
async function refuseGrants(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  grants: readonly string[],
): Promise<Refusal | undefined> {
  const unknown = (grant: string) => !catalogue.api(grant) && !catalogue.eventType(grant);
  // What another process created a moment ago may not be here yet.
  if (grants.some(unknown)) await catalogue.refresh();
  const index = grants.findIndex(unknown);
  if (index >= 0)
    return refuse("grant_unknown", undefined, {
      errors: [{ path: `grants[${index}]`, message: "names no api and no event type" }],
    });
  return ownsGrants(actor, catalogue, grants)
    ? undefined
    : refuse("forbidden", "This key is limited to some apis, and the grants go beyond them.");
}

/** Deliveries that were held because the grant was missing look again now. */
export async function wakeSubscriptions(
  { dependencies: { store, operations } }: RequestContext<"store" | "operations">,
  groupId: string,
): Promise<void> {
  for (const subscription of await store.subscriptions.all())
    if (subscription.groupId === groupId) await operations.wake(subscription.id);
}

const BEYOND = "This key is limited to some apis, and the group is granted others.";

/** Membership decides who reads what was delivered to the group before, whatever is granted to the group now. */
const refuseMembers = (actor: Actor, samlGroups: readonly string[] | undefined): Refusal | undefined =>
  actor.apiIds && samlGroups
    ? refuse("forbidden", "This key is limited to some apis, and may not say who is a member of a group.")
    : undefined;

/** What a provider limited to some apis is not concerned with is left out. */
function viewFor({
  dependencies: { catalogue },
  actor,
}: RequestContext<"catalogue">): (group: Group) => z.input<typeof groupView> {
  if (!actor.apiIds) return view;
  return (group) =>
    view({ ...group, grants: group.grants.filter((grant) => ownsGrants(actor, catalogue, [grant])), samlGroups: [] });
}

export const groupRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/groups",
    operationId: "createGroup",
    tag: "Groups",
    act: "groups:write",
    summary: "Create a group",
    body: groupInput,
    response: { status: 201, description: "Created", schema: groupView },
    problems: ["grant_unknown", "external_id_taken"],
    async handle(context: RequestContext<"store" | "catalogue">, { body }) {
      const refusal = refuseMembers(context.actor, body.samlGroups) ?? (await refuseGrants(context, body.grants ?? []));
      if (refusal) return refusal;
      const now = new Date();
      const group: Group = {
        id: newId("grp"),
        name: body.name,
        grants: body.grants ?? [],
        samlGroups: body.samlGroups ?? [],
        ...(body.externalId !== undefined && { externalId: body.externalId }),
        ...(body.language && { language: body.language }),
        createdAt: now,
        updatedAt: now,
      };
      const taken = await context.dependencies.store.groups.insert(group).then(() => false, duplicateOrThrow);
      if (taken) return refuse("external_id_taken");
      await recordAct(context, "group.create", group.id, {
        name: group.name,
        grants: group.grants,
        samlGroups: group.samlGroups,
        ...(group.externalId !== undefined && { externalId: group.externalId }),
      });
      return created(view(group), `/v1/groups/${group.id}`);
    },
  }),
  route({
    method: "get",
    path: "/v1/groups",
    operationId: "listGroups",
    tag: "Groups",
    act: "groups:read",
    summary: "List groups",
    description: "A consumer sees its own.",
    query: pageQuery,
    response: { status: 200, description: "A page of groups", schema: pageOf(groupView) },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const { actor, dependencies } = context;
      if (actor.groupIds?.length === 0) return pageReply({ data: [] }, view);
      return pageReply(
        await dependencies.store.groups.list(pageRequest(query), actor.groupIds ? { ids: [...actor.groupIds] } : {}),
        viewFor(context),
      );
    },
  }),
  route({
    method: "get",
    path: "/v1/groups/{id}",
    operationId: "readGroup",
    tag: "Groups",
    act: "groups:read",
    summary: "Read a group",
    params,
    response: { status: 200, description: "The group", schema: groupView },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const group = seesGroup(context.actor, id) ? await context.dependencies.store.groups.get(id) : undefined;
      return group ? ok(viewFor(context)(group)) : refuse("not_found");
    },
  }),
  route({
    method: "patch",
    path: "/v1/groups/{id}",
    operationId: "changeGroup",
    tag: "Groups",
    act: "groups:write",
    summary: "Change a group",
    description: "`grants` and `samlGroups` replace the whole list. A grant taken away stops new deliveries at once.",
    params,
    body: groupChange,
    response: { status: 200, description: "The group as it is now", schema: groupView },
    problems: ["grant_unknown", "external_id_taken"],
    async handle(context: RequestContext<"store" | "catalogue" | "operations">, { params: { id }, body }) {
      const {
        actor,
        dependencies: { store, catalogue },
      } = context;
      const before = await store.groups.get(id);
      if (!before) return refuse("not_found");
      if (!ownsGrants(actor, catalogue, before.grants)) return refuse("forbidden", BEYOND);
      const refusal =
        refuseMembers(actor, body.samlGroups) ?? (body.grants && (await refuseGrants(context, body.grants)));
      if (refusal) return refusal;
      const foreign = { found: false };
      const group = await store.groups
        .update(id, (current) => {
          // This is checked again for the stored group, because another provider may have granted something meanwhile.
          foreign.found = !ownsGrants(actor, catalogue, current.grants);
          return foreign.found ? current : applyChange(current, body);
        })
        .catch(duplicateOrThrow);
      if (group === true) return refuse("external_id_taken");
      if (!group) return refuse("not_found");
      if (foreign.found) return refuse("forbidden", BEYOND);
      await recordAct(context, "group.change", id, {
        fields: Object.keys(body),
        ...(body.grants && { grants: body.grants }),
        ...(body.samlGroups && { samlGroups: body.samlGroups }),
        ...(body.externalId !== undefined && { externalId: body.externalId }),
      });
      if (body.grants) await wakeSubscriptions(context, id);
      return ok(viewFor(context)(group));
    },
  }),
  route({
    method: "delete",
    path: "/v1/groups/{id}",
    operationId: "deleteGroup",
    tag: "Groups",
    act: "groups:write",
    summary: "Delete a group",
    description:
      "The group is deleted for good. Its data key is destroyed, and with it the attempts' details, " +
      "its subscriptions' secrets and the events addressed to it alone, backups included. This " +
      "is refused while it has a subscription or an API key that is not revoked. With `cascade=true` " +
      "its subscriptions are deleted, their open deliveries are cancelled and its keys are revoked. " +
      "A key that is limited to some apis may not do this, because records of other apis are " +
      "deleted too. If the call fails half-way, then the same call finishes it.",
    params,
    query: eraseQuery("cascade", "Deletes its subscriptions and revokes its API keys as well"),
    response: { status: 204, description: "Deleted and erased" },
    problems: ["in_use", "legal_hold", "unavailable"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { id }, query }) =>
      deleteGroup(context, id, query["cascade"] === "true"),
  }),
];
