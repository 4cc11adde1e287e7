/** API keys are made, listed, rotated and revoked here. The secret is shown only once and is stored only as an HMAC. */
import { z } from "zod";
import { isLive } from "../../catalogue/publisher-proof.js";
import { groupsOfKey } from "../../store/key-groups.js";
import type { ApiKey } from "../../store/model.js";
import type { Actor } from "./actor.js";
import { covers } from "./access.js";
import { pageReply, pageRequest, recordAct } from "./audit.js";
import { newApiKey, powerOf } from "./authenticate.js";
import { refuse, type Refusal } from "../http/errors.js";
import { created, noContent, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { apiKeyId, apiKeyInput, apiKeyView, apiKeyWithSecret, apiKeyRotation } from "./schemas.js";
import { pageOf, pageQuery } from "../http/primitives.js";
import { DAY_OVERLAP_SECONDS } from "../overlap.js";

const params = z.strictObject({ id: apiKeyId });

const view = (
  { id, name, role, groupId, groupIds, apiIds, scopes, createdAt, createdBy, ...key }: ApiKey,
  lastUsedAt?: Date,
): z.input<typeof apiKeyView> => ({
  id,
  name,
  role,
  ...groupsView(groupsOfKey({ groupId, groupIds })),
  ...(apiIds && { apiIds }),
  ...(scopes && { scopes }),
  active: isLive(key),
  createdAt: createdAt.toISOString(),
  ...(createdBy !== undefined && { createdBy }),
  ...instants({
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
    rotatedAt: key.rotatedAt,
    previousUntil: key.previousUntil,
    lastUsedAt,
  }),
});

function groupsView(groupIds: readonly string[]): Pick<z.input<typeof apiKeyView>, "groupId" | "groupIds"> {
  const [only, ...more] = groupIds;
  if (only === undefined) return {};
  return { ...(more.length === 0 && { groupId: only }), groupIds: [...groupIds] };
}

/** Those that are there, as text. */
const instants = (times: Readonly<Record<string, Date | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(times).flatMap(([name, time]) => (time ? [[name, time.toISOString()]] : [])));

async function rotate(
  context: RequestContext<"store" | "catalogue">,
  id: string,
  overlapSeconds = DAY_OVERLAP_SECONDS,
) {
  const { store } = context.dependencies;
  const key = await store.apiKeys.get(id);
  if (!key) return refuse("not_found");
  const refusal = refuseStronger(context.actor, key);
  if (refusal) return refusal;
  if (!isLive(key)) return refuse("key_ended");
  const { token, hash } = newApiKey(store, id);
  const now = new Date();
  const ended = { meanwhile: false };
  const after = await store.apiKeys.update(id, (current) => {
    ended.meanwhile = !isLive(current);
    if (ended.meanwhile) return current;
    const { hash: before, previousHash: _hash, previousUntil: _until, ...rest } = current;
    return {
      ...rest,
      hash,
      rotatedAt: now,
      ...(overlapSeconds > 0 && {
        previousHash: before,
        previousUntil: new Date(now.getTime() + overlapSeconds * 1_000),
      }),
    };
  });
  if (!after) return refuse("not_found");
  if (ended.meanwhile) return refuse("key_ended");
  await recordAct(context, "api_key.rotate", id, { overlapSeconds });
  return ok({ ...view(after), key: token });
}

async function refuseLimits(
  { dependencies: { store } }: RequestContext<"store">,
  { groupId, groupIds, apiIds, expiresAt }: z.output<typeof apiKeyInput>,
): Promise<Refusal | undefined> {
  if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now())
    return refuse("invalid_request", undefined, { errors: [{ path: "expiresAt", message: "must lie ahead" }] });
  for (const [index, id] of groupsOfKey({ groupId, groupIds }).entries()) {
    const path = groupIds ? `groupIds[${index}]` : "groupId";
    if (!(await store.groups.get(id)))
      return refuse("group_unknown", undefined, { errors: [{ path, message: "is no group" }] });
  }
  for (const [index, id] of (apiIds ?? []).entries()) {
    if (!(await store.apis.get(id)))
      return refuse("api_unknown", undefined, { errors: [{ path: `apiIds[${index}]`, message: "is no api" }] });
  }
  return undefined;
}

/** An actor may only make, rotate or revoke keys that may do no more than the actor. */
const refuseStronger = (actor: Actor, key: Parameters<typeof powerOf>[0]): Refusal | undefined =>
  covers(actor, powerOf(key))
    ? undefined
    : refuse(
        "forbidden",
        "That key may do more than this one, which may make, rotate and revoke only keys within its " +
          "own scopes and limits.",
      );

/** Ends a key for good. A key that has ended stays as it is. */
async function revoke(context: RequestContext<"store" | "catalogue">, id: string) {
  const { store } = context.dependencies;
  const before = await store.apiKeys.get(id);
  if (!before) return refuse("not_found");
  // Role and scopes of a key never change, and its limits only get narrower. So what is checked here also holds for the
  // row that is written.
  const refusal = refuseStronger(context.actor, before);
  if (refusal) return refusal;
  const key = await store.apiKeys.update(id, (current) =>
    current.revokedAt ? current : { ...current, revokedAt: new Date() },
  );
  if (!key) return refuse("not_found");
  await recordAct(context, "api_key.revoke", id);
  return noContent;
}

export const apiKeyRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/api-keys",
    operationId: "createApiKey",
    tag: "Administration",
    act: "keys:write",
    summary: "Make an API key",
    description: "The answer contains the whole key. It is shown only once.",
    body: apiKeyInput,
    response: { status: 201, description: "Created", schema: apiKeyWithSecret },
    problems: ["group_unknown", "api_unknown"],
    async handle(context: RequestContext<"store" | "catalogue">, { body }) {
      const refusal = refuseStronger(context.actor, body) ?? (await refuseLimits(context, body));
      if (refusal) return refusal;
      const { store } = context.dependencies;
      const { id, token, hash } = newApiKey(store);
      const { name, role, groupId, groupIds, apiIds, scopes, expiresAt } = body;
      // Of one group alone it is written as earlier releases read it.
      const [only, ...more] = groupsOfKey({ groupId, groupIds });
      const limits = {
        ...(only !== undefined && (more.length === 0 ? { groupId: only } : { groupIds: [only, ...more] })),
        ...(apiIds && { apiIds }),
        ...(scopes && { scopes: [...new Set(scopes)] }),
      };
      const key: ApiKey = {
        id,
        name,
        role,
        ...limits,
        createdAt: new Date(),
        createdBy: context.actor.name,
        ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
      };
      await store.apiKeys.insert({ ...key, hash });
      await recordAct(context, "api_key.create", id, { name, role, ...limits });
      return created({ ...view(key), key: token }, `/v1/api-keys/${id}`);
    },
  }),
  route({
    method: "get",
    path: "/v1/api-keys",
    operationId: "listApiKeys",
    tag: "Administration",
    act: "keys:read",
    summary: "List API keys, newest first",
    query: pageQuery,
    response: { status: 200, description: "A page of API keys, without their secrets", schema: pageOf(apiKeyView) },
    async handle({ dependencies: { store } }: RequestContext<"store">, { query }) {
      const page = await store.apiKeys.list(pageRequest(query));
      const uses = await store.keyUses.lastUsed(page.data.map(({ id }) => id));
      return pageReply(page, (key) => view(key, uses.get(key.id)));
    },
  }),
  route({
    method: "post",
    path: "/v1/api-keys/{id}/rotate",
    operationId: "rotateApiKey",
    tag: "Administration",
    act: "keys:write",
    summary: "Change the secret of an API key",
    description:
      "The answer contains the whole new key. It is shown only once. Id and limits stay the " +
      "same. The earlier key works until the overlap ends, and never longer than that.",
    params,
    body: apiKeyRotation,
    bodyOptional: true,
    response: { status: 200, description: "The key with its new secret", schema: apiKeyWithSecret },
    problems: ["key_ended"],
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id }, body }) =>
      rotate(context, id, body.overlapSeconds),
  }),
  route({
    method: "delete",
    path: "/v1/api-keys/{id}",
    operationId: "revokeApiKey",
    tag: "Administration",
    act: "keys:write",
    summary: "Revoke an API key",
    description: "It is refused from now on, by other processes within about a second. Its record stays.",
    params,
    response: { status: 204, description: "Revoked" },
    handle: async (context: RequestContext<"store" | "catalogue">, { params: { id } }) => revoke(context, id),
  }),
];
