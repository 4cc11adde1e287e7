/** The identity provider of a connection, as its metadata or its parts describe it. */
import type { z } from "zod";
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { refuse, type Refusal } from "../../http/errors.js";
import type { RequestContext } from "../../route.js";
import { fetchMetadata } from "../metadata/fetch-metadata.js";
import { TOO_LARGE } from "../metadata/metadata-text.js";
import { describeIdp, type IdpDescription, readIdpMetadata } from "../metadata/idp-metadata.js";
import type { connectionInput } from "./schemas.js";

/** XML has many quotes and line breaks, which JSON escapes. So the body may be larger than the document. */
export const largeBody = { bytes: 12 * 1024 * 1024, tooLarge: TOO_LARGE };

type Described = { ok: true; idp: IdpDescription } | { ok: false; refusal: Refusal };

/** The identity provider from metadata, fetched or given, or from its parts. */
export async function describeIdentityProvider(
  { dependencies }: RequestContext<"settings" | "refuseTarget" | "sender">,
  body: z.output<typeof connectionInput>,
): Promise<Described> {
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
 * Where a connection sends people and how, as the provider's metadata says. A provider that wants signed requests gets
 * them. The others do not forbid them.
 */
export const addressesOf = ({
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

export const warned = <T extends object>(
  view: T,
  { warnings }: Pick<IdpDescription, "warnings">,
): T & { warnings?: string[] } => (warnings.length === 0 ? view : { ...view, warnings });
