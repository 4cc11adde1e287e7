/**
 * SAML connections: one per company, made from its identity provider's metadata, their certificates rolled over without
 * a pause.
 */
import { z } from "zod";
import { newId } from "../../../store/ids.js";
import type { IdpCertificate, SamlConnection } from "../../../store/collections/saml-connections.js";
import { pageReply, pageRequest, recordAct } from "../../access/audit.js";
import { applyChange, exact } from "../../http/change.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { created, noContent, ok, type RequestContext, type Route, route } from "../../route.js";
import { connectionViewOf } from "./view.js";
import { liveCertificates, signersOf } from "../certificates.js";
import { fetchMetadata } from "../metadata/fetch-metadata.js";
import { TOO_LARGE } from "../metadata/metadata-text.js";
import {
  describeIdp,
  type IdpDescription,
  MAX_CERTIFICATES,
  readCertificates,
  readIdpMetadata,
  ssoUrlFault,
} from "../metadata/idp-metadata.js";
import { newSpKey } from "../sp-keys.js";
import {
  connectionChange,
  connectionId,
  connectionInput,
  connectionMetadata,
  connectionView,
  fingerprint,
} from "./schemas.js";
import { pageOf, pageQuery } from "../../http/primitives.js";

const params = z.strictObject({ id: connectionId });
const certificateParams = z.strictObject({ id: connectionId, fingerprint });

/** JSON escapes what XML has much of: quotes and line breaks. */
const largeBody = { bytes: 12 * 1024 * 1024, tooLarge: TOO_LARGE };

const viewFor =
  ({ dependencies: { settings } }: RequestContext) =>
  (connection: SamlConnection) =>
    connectionViewOf(connection, settings.publicUrl);

type Described = { ok: true; idp: IdpDescription } | { ok: false; refusal: Refusal };

/** The identity provider from metadata, fetched or given, or from its parts. */
async function describe({ dependencies }: RequestContext, body: z.output<typeof connectionInput>): Promise<Described> {
  const { metadataXml, metadataUrl, entityId, ssoUrl = "", certificates = [] } = body;
  const options = {
    production: dependencies.settings.production,
    now: new Date(),
    ...(entityId !== undefined && { entityId }),
  };
  let xml = metadataXml;
  if (metadataUrl !== undefined) {
    const fetched = await fetchMetadata(dependencies, { url: metadataUrl, oneOfMany: entityId !== undefined });
    if (!fetched.ok) return fetched;
    xml = fetched.xml;
  }
  const read =
    xml === undefined
      ? describeIdp({ entityId: entityId ?? "", ssoUrl, certificates }, options)
      : readIdpMetadata(xml, options);
  return read.ok
    ? read
    : {
        ok: false,
        refusal: refuse(
          read.tooLarge && metadataUrl === undefined ? "payload_too_large" : "saml_metadata_refused",
          read.reason,
        ),
      };
}

/**
 * Where a connection sends people, and how, as the provider was described. Whoever wants signed requests gets them;
 * nobody else forbids them.
 */
const addressesOf = ({
  ssoRedirect,
  ssoPost,
  slo,
  wantAuthnRequestsSigned,
}: IdpDescription): Pick<SamlConnection, "ssoUrl" | "ssoPostUrl" | "slo" | "signRequests"> => ({
  ...(ssoRedirect !== undefined && { ssoUrl: ssoRedirect }),
  ...(ssoPost !== undefined && { ssoPostUrl: ssoPost }),
  ...(slo && { slo }),
  ...(wantAuthnRequestsSigned && { signRequests: true }),
});

const warned = <T extends object>(
  view: T,
  { warnings }: Pick<IdpDescription, "warnings">,
): T & { warnings?: string[] } => (warnings.length === 0 ? view : { ...view, warnings });

/** Groups and apis that the connection names must exist. */
async function refuseNames(
  { dependencies: { store } }: RequestContext,
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

/**
 * What is trusted from now on: what was, unless it has ended, and what is new. Nothing is taken away, so that no log-in
 * fails in between.
 */
function rolledOver(before: readonly IdpCertificate[], added: readonly IdpCertificate[], now: Date): IdpCertificate[] {
  const known = new Set(before.map(({ fingerprint256 }) => fingerprint256));
  return [
    ...signersOf(before).filter(({ notAfter }) => notAfter > now),
    ...added.filter(({ fingerprint256 }) => !known.has(fingerprint256)),
  ];
}

const exactRoles = (roles: NonNullable<z.output<typeof connectionChange>["roles"]>): SamlConnection["roles"] =>
  roles.map(({ samlGroup, role, apiIds }) => ({ samlGroup, role, ...(apiIds && { apiIds }) }));

const writing: readonly Route[] = [
  route({
    method: "post",
    path: "/v1/saml-connections",
    operationId: "createSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Create a SAML connection",
    description:
      "One for each company, from its identity provider's metadata (text or address) or from entity " +
      "id, address and certificates. The answer says what the identity provider must be told: " +
      "`acsUrl` and `spEntityId`.",
    body: connectionInput,
    largeBody,
    response: { status: 201, description: "Created", schema: connectionView },
    problems: ["saml_metadata_refused", "target_refused", "group_unknown", "api_unknown"],
    async handle(context, { body }) {
      const refusal = await refuseNames(context, body);
      if (refusal) return refusal;
      const described = await describe(context, body);
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
      "`groupIds` and `roles` replace the whole list. The entity id stays: another identity " +
      "provider is another connection, because a person is a name at one of them.",
    params,
    body: connectionChange,
    response: { status: 200, description: "The connection as it is now", schema: connectionView },
    problems: ["saml_metadata_refused", "group_unknown", "api_unknown"],
    async handle(context, { params: { id }, body }) {
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
      // Ended, not only refused: whoever disables a connection for a reason must not let its sessions in again by
      // enabling it.
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
    description: "Nobody logs in by it from now on.",
    params,
    response: { status: 204, description: "Deleted" },
    async handle(context, { params: { id } }) {
      const { store } = context.dependencies;
      if (!(await store.samlConnections.delete(id))) return refuse("not_found");
      await recordAct(context, "saml_connection.delete", id, {
        sessionsEnded: await store.sessions.deleteOfConnection(id),
      });
      return noContent;
    },
  }),
];

const rollingOver: readonly Route[] = [
  route({
    method: "post",
    path: "/v1/saml-connections/{id}/metadata",
    operationId: "refreshSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Add certificates from new metadata",
    description:
      "What is new is trusted from now on, what was trusted stays until it is removed or has ended: " +
      "the identity provider may change over at any time in between. The address for log-ins " +
      "becomes that of the metadata.",
    params,
    body: connectionMetadata,
    largeBody,
    response: { status: 200, description: "The connection as it is now", schema: connectionView },
    problems: ["saml_metadata_refused", "target_refused"],
    async handle(context, { params: { id }, body }) {
      const { samlConnections } = context.dependencies.store;
      const before = await samlConnections.get(id);
      if (!before) return refuse("not_found");
      const described = await newParts(context, before, body);
      if (!described.ok) return described.refusal;
      const { certificates: added, addresses } = described;
      let full = false;
      const connection = await samlConnections.update(id, (current) => {
        const certificates = rolledOver(current.certificates, added, new Date());
        full = certificates.length > MAX_CERTIFICATES;
        const { ssoUrl, ssoPostUrl, slo, ...rest } = current;
        return full ? current : { ...rest, ...(addresses ?? exact({ ssoUrl, ssoPostUrl, slo })), certificates };
      });
      if (!connection) return refuse("not_found");
      if (full)
        return refuse(
          "saml_metadata_refused",
          `At most ${MAX_CERTIFICATES} certificates are kept: remove one that is no longer used.`,
        );
      await recordAct(context, "saml_connection.metadata", id, {
        ssoUrl: connection.ssoUrl,
        certificates: connection.certificates.map((each) => each.fingerprint256),
      });
      return ok(warned(viewFor(context)(connection), described));
    },
  }),
  route({
    method: "delete",
    path: "/v1/saml-connections/{id}/certificates/{fingerprint}",
    operationId: "removeSamlCertificate",
    tag: "Administration",
    act: "connections:write",
    summary: "Remove a certificate",
    description:
      "Refused for the last one that is valid. Sessions that were begun stay; where the key is in " +
      "other hands, disable the connection first, which ends them.",
    params: certificateParams,
    response: { status: 204, description: "Removed: nothing signed with its key is accepted" },
    problems: ["saml_certificate_needed"],
    async handle(context, { params: { id, fingerprint: unwanted } }) {
      const outcome: { refusal?: Refusal } = {};
      const connection = await context.dependencies.store.samlConnections.update(id, (current) => {
        const certificates = signersOf(current.certificates).filter(
          ({ fingerprint256 }) => fingerprint256 !== unwanted,
        );
        const known = current.certificates.some(({ fingerprint256 }) => fingerprint256 === unwanted);
        if (!known) outcome.refusal = refuse("not_found");
        else if (liveCertificates(certificates, Date.now()).length === 0)
          outcome.refusal = refuse("saml_certificate_needed");
        else delete outcome.refusal;
        return outcome.refusal ? current : { ...current, certificates };
      });
      if (!connection) return refuse("not_found");
      if (outcome.refusal) return outcome.refusal;
      await recordAct(context, "saml_connection.certificate_remove", id, { certificate: unwanted });
      return noContent;
    },
  }),
];

type NewParts =
  | { ok: true; certificates: IdpCertificate[]; warnings: string[]; addresses?: ReturnType<typeof addressesOf> }
  | { ok: false; refusal: Refusal };

/** New metadata must be the same provider's; bare certificates leave the rest as it is. */
async function newParts(
  context: RequestContext,
  { entityId }: SamlConnection,
  body: z.output<typeof connectionMetadata>,
): Promise<NewParts> {
  if (body.certificates) {
    const read = readCertificates(body.certificates, new Date());
    return read.ok ? read : { ok: false, refusal: refuse("saml_metadata_refused", read.reason) };
  }
  const described = await describe(context, { name: "", ...body, entityId });
  return described.ok ? { ok: true, ...described.idp, addresses: addressesOf(described.idp) } : described;
}

const reading: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/saml-connections",
    operationId: "listSamlConnections",
    tag: "Administration",
    act: "connections:read",
    summary: "List SAML connections, newest first",
    query: pageQuery,
    response: { status: 200, description: "A page of connections", schema: pageOf(connectionView) },
    handle: async (context, { query }) =>
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
    async handle(context, { params: { id } }) {
      const connection = await context.dependencies.store.samlConnections.get(id);
      return connection ? ok(viewFor(context)(connection)) : refuse("not_found");
    },
  }),
];

export const samlConnectionRoutes: readonly Route[] = [...writing, ...rollingOver, ...reading];
