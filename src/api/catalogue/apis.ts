/** Apis. An api is a product of the provider. */
import { z } from "zod";
import { OWN_API_ID } from "../../catalogue/notices/own-api.js";
import { newId } from "../../store/ids.js";
import type { Api } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { discoversApi, grantedApis, mayAct, seesApi } from "../access/access.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { duplicateOrThrow } from "../http/failure.js";
import { applyChange, exact } from "../http/change.js";
import { deleteApi } from "../deliveries/erasure.js";
import { refuse, type Refusal } from "../http/errors.js";
import { created, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { apiChange, apiInput, apiRef, apiView, eraseQuery } from "./schemas.js";
import { pageOf, pageQuery } from "../http/primitives.js";

const params = z.strictObject({ id: apiRef });

const view = ({
  id,
  name,
  description,
  listed = false,
  approval = "manual",
  retentionDays,
  externalId,
  createdAt,
  updatedAt,
}: Api): z.input<typeof apiView> => ({
  id,
  name,
  ...(description !== undefined && { description }),
  listed,
  approval,
  ...(retentionDays !== undefined && { retentionDays }),
  ...(externalId !== undefined && { externalId }),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

/** Ids of the apis that the actor sees. Undefined means all. */
function visibleIds(actor: Actor, { dependencies }: RequestContext<"catalogue">): string[] | undefined {
  if (actor.groupIds) {
    const listed = [...dependencies.catalogue.apis()].flatMap((api) => (api.listed ? [api.id] : []));
    return [...new Set([...grantedApis(actor, dependencies.catalogue), ...listed])];
  }
  return actor.apiIds === undefined ? undefined : [...actor.apiIds];
}

/** For how long events are kept is the installation's concern, and not the provider's. */
function refuseRetention(
  { actor, dependencies: { settings } }: RequestContext<"settings">,
  retentionDays: number | null | undefined,
): Refusal | undefined {
  if (retentionDays === undefined) return undefined;
  if (!mayAct(actor, "retention:write")) return refuse("forbidden", "Only an admin sets `retentionDays`.");
  const { leastRetentionDays = 1 } = settings;
  return retentionDays !== null && retentionDays < leastRetentionDays
    ? refuse("retention_too_short", `The Temporal namespace keeps histories for ${leastRetentionDays} days.`)
    : undefined;
}

export const apiRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/apis",
    operationId: "createApi",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Create an api",
    description: "A provider key that is limited to some apis may not.",
    body: apiInput,
    response: { status: 201, description: "Created", schema: apiView },
    problems: ["retention_too_short", "external_id_taken"],
    async handle(context: RequestContext<"store" | "catalogue" | "settings">, { body }) {
      if (context.actor.apiIds) return refuse("forbidden", "This key is limited to some apis.");
      const refusal = refuseRetention(context, body.retentionDays);
      if (refusal) return refusal;
      const now = new Date();
      const api: Api = { id: newId("api"), ...exact(body), createdAt: now, updatedAt: now };
      const taken = await context.dependencies.store.apis.insert(api).then(() => false, duplicateOrThrow);
      if (taken) return refuse("external_id_taken");
      await recordAct(context, "api.create", api.id, {
        name: api.name,
        ...(api.externalId !== undefined && { externalId: api.externalId }),
      });
      return created(view(api), `/v1/apis/${api.id}`);
    },
  }),
  route({
    method: "get",
    path: "/v1/apis",
    operationId: "listApis",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "List apis",
    description:
      "A consumer sees those that are granted to its group, whole or in part, and those that " + "are listed.",
    query: pageQuery,
    response: { status: 200, description: "A page of apis", schema: pageOf(apiView) },
    async handle(context: RequestContext<"store" | "catalogue">, { query }) {
      const ids = visibleIds(context.actor, context);
      if (ids?.length === 0) return pageReply({ data: [] }, view);
      return pageReply(await context.dependencies.store.apis.list(pageRequest(query), ids ? { ids } : {}), view);
    },
  }),
  route({
    method: "get",
    path: "/v1/apis/{id}",
    operationId: "readApi",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Read an api",
    params,
    response: { status: 200, description: "The api", schema: apiView },
    async handle({ dependencies, actor }: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const api = discoversApi(actor, dependencies.catalogue, id) ? await dependencies.store.apis.get(id) : undefined;
      return api ? ok(view(api)) : refuse("not_found");
    },
  }),
  route({
    method: "patch",
    path: "/v1/apis/{id}",
    operationId: "changeApi",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Change an api",
    params,
    body: apiChange,
    response: { status: 200, description: "The api as it is now", schema: apiView },
    problems: ["retention_too_short", "built_in", "external_id_taken"],
    async handle(context: RequestContext<"store" | "catalogue" | "settings">, { params: { id }, body }) {
      if (!seesApi(context.actor, context.dependencies.catalogue, id)) return refuse("not_found");
      // How it is called and described belongs to the release.
      if (id === OWN_API_ID && (context.actor.role !== "admin" || "name" in body || "description" in body))
        return refuse("built_in");
      const refusal = refuseRetention(context, body.retentionDays);
      if (refusal) return refusal;
      const api = await context.dependencies.store.apis
        .update(id, (before) => applyChange(before, body))
        .catch(duplicateOrThrow);
      if (api === true) return refuse("external_id_taken");
      if (!api) return refuse("not_found");
      await recordAct(context, "api.change", id, {
        fields: Object.keys(body),
        ...(body.retentionDays !== undefined && { retentionDays: body.retentionDays }),
        ...(body.externalId !== undefined && { externalId: body.externalId }),
      });
      return ok(view(api));
    },
  }),
  route({
    method: "delete",
    path: "/v1/apis/{id}",
    operationId: "deleteApi",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Delete an api",
    description:
      "Refused while the api has event types or grants. Its events stay readable. With `erase=true` " +
      "its data key is destroyed, and with it the content of all its events, backups included. " +
      "Events that were addressed to one group alone are erased with that group.",
    params,
    query: eraseQuery("erase", "Erases the content of its events as well"),
    response: { status: 204, description: "Deleted" },
    problems: ["in_use", "legal_hold", "built_in"],
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id }, query }) =>
      id === OWN_API_ID ? refuse("built_in") : deleteApi(context, id, query["erase"] === "true"),
  }),
];
