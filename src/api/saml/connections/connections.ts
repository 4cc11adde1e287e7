/**
 * SAML connections, one for each company. A connection is made from the metadata of the company's identity provider.
 * Its certificates can be replaced without a pause.
 */
import { z } from "zod";
import { newId } from "../../../store/ids.js";
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { pageReply, pageRequest, recordAct } from "../../access/audit.js";
import { applyChange, exact } from "../../http/change.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { created, noContent, ok, type RequestContext, type ApiRoute, route } from "../../route.js";
import { ssoUrlFault } from "../metadata/idp-metadata.js";
import { newSpKey } from "../sp-keys.js";
import { connectionChange, connectionId, connectionInput, connectionView } from "./schemas.js";
import { pageOf, pageQuery } from "../../http/primitives.js";
import { addressesOf, describeIdentityProvider, largeBody, warned } from "./identity-provider.js";
import { viewFor } from "./view.js";
import { certificateRoutes } from "./certificate-routes.js";

const params = z.strictObject({ id: connectionId });

/** Groups and apis that the connection names must exist. */
async function refuseNames(
  { dependencies: { store } }: RequestContext<"store">,
  { groupIds = [], roles = [] }: Pick<z.output<typeof connectionChange>, "groupIds" | "roles">,
): Promise<Refusal | undefined> {
  for (const [index, id] of groupIds.entries()) {
    if (!(await store.groups.get(id)))
      return refuse("group_unknown", undefined, { errors: [{ path: `groupIds[${index}]`, message: "is no group" }] });
  }
  for (const [index, { apiIds = [] }] of roles.entries()) {
    for (const [place, id] of apiIds.entries()) {
      if (!(await store.apis.get(id)))
        return refuse("api_unknown", undefined, {
          errors: [{ path: `roles[${index}].apiIds[${place}]`, message: "is no api" }],
        });
    }
  }
  return undefined;
}

const exactRoles = (roles: NonNullable<z.output<typeof connectionChange>["roles"]>): SamlConnection["roles"] =>
  roles.map(({ samlGroup, role, apiIds }) => ({ samlGroup, role, ...(apiIds && { apiIds }) }));

const writing: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/saml-connections",
    operationId: "createSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Create a SAML connection",
    description:
      "There is one for each company. It is made from its identity provider's metadata (text " +
      "or address), or from entity id, address and certificates. The answer has what the identity " +
      "provider must know: `acsUrl` and `spEntityId`.",
    body: connectionInput,
    largeBody,
    response: { status: 201, description: "Created", schema: connectionView },
    problems: ["saml_metadata_refused", "target_refused", "group_unknown", "api_unknown"],
    async handle(context: RequestContext<"store" | "catalogue" | "settings" | "refuseTarget" | "sender">, { body }) {
      const refusal = await refuseNames(context, body);
      if (refusal) return refusal;
      const described = await describeIdentityProvider(context, body);
      if (!described.ok) return described.refusal;
      const {
        name,
        groupsAttribute,
        authnContextClassRefs,
        signRequests,
        clockSkewSeconds,
        requireSignedResponse = true,
        idpInitiated = false,
        groupIds = [],
        roles = [],
        status = "enabled",
      } = body;
      const [now, id] = [new Date(), newId("sso")];
      const connection: SamlConnection = {
        id,
        name,
        entityId: described.idp.entityId,
        ...addressesOf(described.idp),
        certificates: described.idp.certificates,
        keys: [await newSpKey(id, now)],
        ...exact({ groupsAttribute, authnContextClassRefs, signRequests, clockSkewSeconds }),
        requireSignedResponse,
        idpInitiated,
        groupIds,
        roles: exactRoles(roles),
        status,
        createdAt: now,
        updatedAt: now,
      };
      await context.dependencies.store.samlConnections.insert(connection);
      await recordAct(context, "saml_connection.create", connection.id, {
        name,
        entityId: connection.entityId,
        certificates: connection.certificates.map((each) => each.fingerprint256),
        groupIds,
        roles,
        requireSignedResponse,
        idpInitiated,
      });
      return created(warned(viewFor(context)(connection), described.idp), `/v1/saml-connections/${connection.id}`);
    },
  }),
  route({
    method: "patch",
    path: "/v1/saml-connections/{id}",
    operationId: "changeSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Change a SAML connection",
    description:
      "`groupIds` and `roles` replace the whole list. The entity id cannot change. Another identity " +
      "provider needs another connection, because people are identified by their name at one " +
      "provider.",
    params,
    body: connectionChange,
    response: { status: 200, description: "The connection as it is now", schema: connectionView },
    problems: ["saml_metadata_refused", "group_unknown", "api_unknown"],
    async handle(context: RequestContext<"store" | "catalogue" | "settings">, { params: { id }, body }) {
      const { store, settings } = context.dependencies;
      const fault = body.ssoUrl === undefined ? undefined : ssoUrlFault(body.ssoUrl, settings);
      if (fault !== undefined) return refuse("saml_metadata_refused", fault);
      const refusal = await refuseNames(context, body);
      if (refusal) return refusal;
      const { roles, ...change } = body;
      const connection = await store.samlConnections.update(id, (before) =>
        applyChange(before, { ...change, ...(roles && { roles: exactRoles(roles) }) }),
      );
      if (!connection) return refuse("not_found");
      // The sessions are ended and not only refused. Otherwise they would be valid again when the connection is enabled
      // later.
      const ended = body.status === "disabled" && { sessionsEnded: await store.sessions.deleteOfConnection(id) };
      const { requireSignedResponse, signRequests, idpInitiated, groupIds, ssoUrl, status } = body;
      await recordAct(context, "saml_connection.change", id, {
        fields: Object.keys(body),
        ...exact({
          requireSignedResponse,
          signRequests,
          idpInitiated,
          groupIds,
          ssoUrl,
          status,
          roles,
          clockSkewSeconds: body.clockSkewSeconds,
        }),
        ...ended,
      });
      return ok(viewFor(context)(connection));
    },
  }),
  route({
    method: "delete",
    path: "/v1/saml-connections/{id}",
    operationId: "deleteSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Delete a SAML connection",
    description: "From now on nobody can log in through it.",
    params,
    response: { status: 204, description: "Deleted" },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const { store } = context.dependencies;
      if (!(await store.samlConnections.delete(id))) return refuse("not_found");
      await recordAct(context, "saml_connection.delete", id, {
        sessionsEnded: await store.sessions.deleteOfConnection(id),
      });
      return noContent;
    },
  }),
];

const reading: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/saml-connections",
    operationId: "listSamlConnections",
    tag: "Administration",
    act: "connections:read",
    summary: "List SAML connections, newest first",
    query: pageQuery,
    response: { status: 200, description: "A page of connections", schema: pageOf(connectionView) },
    handle: async (context: RequestContext<"store" | "settings">, { query }) =>
      pageReply(await context.dependencies.store.samlConnections.list(pageRequest(query)), viewFor(context)),
  }),
  route({
    method: "get",
    path: "/v1/saml-connections/{id}",
    operationId: "readSamlConnection",
    tag: "Administration",
    act: "connections:read",
    summary: "Read a SAML connection",
    params,
    response: { status: 200, description: "The connection", schema: connectionView },
    async handle(context: RequestContext<"store" | "settings">, { params: { id } }) {
      const connection = await context.dependencies.store.samlConnections.get(id);
      return connection ? ok(viewFor(context)(connection)) : refuse("not_found");
    },
  }),
];

export const samlConnectionRoutes: readonly ApiRoute[] = [...writing, ...certificateRoutes, ...reading];
