/** Certificates of a connection, rolled over without a pause. */
import { z } from "zod";
import type { IdpCertificate, SamlConnection } from "../../../store/collections/saml-connections.js";
import { recordAct } from "../../access/audit.js";
import { exact } from "../../http/change.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { noContent, ok, type RequestContext, type ApiRoute, route } from "../../route.js";
import { liveCertificates, signersOf } from "../certificates.js";
import { MAX_CERTIFICATES, readCertificates } from "../metadata/idp-metadata.js";
import { connectionId, connectionMetadata, connectionView, fingerprint } from "./schemas.js";
import { addressesOf, describeIdentityProvider, largeBody, warned } from "./identity-provider.js";
import { viewFor } from "./view.js";

const params = z.strictObject({ id: connectionId });
const certificateParams = z.strictObject({ id: connectionId, fingerprint });

/**
 * The certificates that are trusted from now on: the present ones that have not ended, and the new ones. None is taken
 * away, so that no log-in fails in between.
 */
function rolledOver(before: readonly IdpCertificate[], added: readonly IdpCertificate[], now: Date): IdpCertificate[] {
  const known = new Set(before.map(({ fingerprint256 }) => fingerprint256));
  return [
    ...signersOf(before).filter(({ notAfter }) => notAfter > now),
    ...added.filter(({ fingerprint256 }) => !known.has(fingerprint256)),
  ];
}

export const certificateRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/saml-connections/{id}/metadata",
    operationId: "refreshSamlConnection",
    tag: "Administration",
    act: "connections:write",
    summary: "Add certificates from new metadata",
    description:
      "New certificates are trusted from now on. The present ones stay until they are removed " +
      "or have ended, so the identity provider may change over at any time in between. The address " +
      "for log-ins becomes that of the metadata.",
    params,
    body: connectionMetadata,
    largeBody,
    response: { status: 200, description: "The connection as it is now", schema: connectionView },
    problems: ["saml_metadata_refused", "target_refused"],
    async handle(
      context: RequestContext<"store" | "catalogue" | "settings" | "refuseTarget" | "sender">,
      { params: { id }, body },
    ) {
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
          `At most ${MAX_CERTIFICATES} certificates are kept. Remove one that is no longer used.`,
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
      "Refused for the last one that is valid. Sessions that were begun stay. If somebody else " +
      "has the key, then disable the connection first, which ends its sessions.",
    params: certificateParams,
    response: { status: 204, description: "Removed. Nothing that is signed with its key is accepted" },
    problems: ["saml_certificate_needed"],
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id, fingerprint: unwanted } }) {
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

/** New metadata must come from the same provider. Bare certificates leave the rest of the connection as it is. */
async function newParts(
  context: RequestContext<"settings" | "refuseTarget" | "sender">,
  { entityId }: SamlConnection,
  body: z.output<typeof connectionMetadata>,
): Promise<NewParts> {
  if (body.certificates) {
    const read = readCertificates(body.certificates, new Date());
    return read.ok ? read : { ok: false, refusal: refuse("saml_metadata_refused", read.reason) };
  }
  const described = await describeIdentityProvider(context, { name: "", ...body, entityId });
  return described.ok ? { ok: true, ...described.idp, addresses: addressesOf(described.idp) } : described;
}
