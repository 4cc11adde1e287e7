/**
 * What an administrator says about an identity provider: its metadata (SAML 2.0 metadata, 2.4.3), or its parts. It is
 * read strictly and never guessed.
 */
import type { IdpCertificate } from "../../../store/collections/saml-connections.js";
import { parseCertificates } from "../certificates.js";
import { endpointsOf, type Endpoints, type LogoutEndpoints, logoutEndpointsOf, ssoUrlFault } from "./endpoints.js";
import { signingKeys, usableCertificates } from "./key-descriptors.js";
import {
  cutEntity,
  isAggregate,
  MAX_AGGREGATE_CHARACTERS,
  MAX_METADATA_CHARACTERS,
  plainMetadata,
  TOO_LARGE,
} from "./metadata-text.js";
import { describedProviders, type DescribedProvider, parseMetadata } from "./metadata-tree.js";
import { attributeOf } from "../xml.js";

export { ssoUrlFault } from "./endpoints.js";

/** An identity provider as it was described. */
export interface IdpDescription extends Endpoints {
  entityId: string;
  /** Where it takes and answers messages of single logout. */
  slo?: LogoutEndpoints;
  /** It refuses AuthnRequests that are not signed. */
  wantAuthnRequestsSigned: boolean;
  /** One for each key that the provider signs with. None is an authority's. */
  certificates: IdpCertificate[];
  /** What was left out and why, as sentences for the administrator who registers the provider. */
  warnings: string[];
}
/** `too_large` means above a limit. The reason names the limit. */
export type ReadDescription = { ok: true; idp: IdpDescription } | { ok: false; reason: string; tooLarge?: true };

export interface DescriptionOptions {
  /** Which provider is meant, where the metadata describes several. */
  entityId?: string;
  /** In production the address must be https. Otherwise a trial provider on this machine may use http. */
  production: boolean;
  now: Date;
}

/** A roll-over needs two. */
export const MAX_CERTIFICATES = 10;
const MAX_ENTITY_ID = 1_024;

const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

/**
 * Reads an EntityDescriptor, or the one that is meant out of an EntitiesDescriptor. Nothing in it is fetched, resolved
 * or trusted beyond its certificates.
 */
export function readIdpMetadata(xml: string, options: DescriptionOptions): ReadDescription {
  const { entityId, now } = options;
  if (xml.length > (entityId === undefined ? MAX_METADATA_CHARACTERS : MAX_AGGREGATE_CHARACTERS))
    return { ...refuse(TOO_LARGE), tooLarge: true };
  const plain = plainMetadata(xml);
  if (!plain.ok) return plain;
  const cut =
    entityId !== undefined && isAggregate(plain.text)
      ? cutEntity(plain.text, entityId)
      : { ok: true as const, documents: [plain.text] };
  if (!cut.ok) return cut;
  const providers: DescribedProvider[] = [];
  for (const document of cut.documents) {
    if (document.length > MAX_METADATA_CHARACTERS) return { ...refuse(TOO_LARGE), tooLarge: true };
    const parsed = parseMetadata(document);
    if (!parsed.ok) return parsed;
    const described = describedProviders(parsed.root, now);
    if (!described.ok) return described;
    providers.push(...described.providers);
  }
  const chosen = choose(providers, entityId);
  if (typeof chosen === "string") return refuse(chosen);
  return chosen.fault === undefined ? describeProvider(chosen, options) : refuse(chosen.fault);
}

/** The entity that is meant. Gives a sentence when there is none, or when several are possible. */
function choose(providers: readonly DescribedProvider[], entityId: string | undefined): DescribedProvider | string {
  const meant =
    entityId === undefined ? providers : providers.filter(({ entity }) => attributeOf(entity, "entityID") === entityId);
  const [chosen, ...more] = meant;
  if (!chosen)
    return entityId === undefined
      ? "The metadata describes no identity provider for SAML 2.0."
      : "The metadata does not describe the identity provider with this entity id.";
  if (more.length === 0) return chosen;
  return entityId === undefined
    ? "The metadata describes several identity providers. Name one by `entityId`."
    : "The metadata describes the entity several times.";
}

/**
 * A provider may have several roles for SAML 2.0. This takes the first one that people can be sent to and that signs
 * with a usable key.
 */
function describeProvider({ entity, roles }: DescribedProvider, options: DescriptionOptions): ReadDescription {
  const entityId = attributeOf(entity, "entityID") ?? "";
  const read = roles.map((role) => describeRole(role, entityId, options));
  const first =
    read.find(({ ok }) => ok) ?? read[0] ?? refuse("The metadata describes no identity provider for SAML 2.0.");
  if (!first.ok || roles.length === 1) return first;
  return {
    ok: true,
    idp: {
      ...first.idp,
      warnings: [
        ...first.idp.warnings,
        "The metadata describes several roles of the identity provider. The first one that can " + "be used was taken.",
      ],
    },
  };
}

function describeRole(role: Element, entityId: string, options: DescriptionOptions): ReadDescription {
  const sso = endpointsOf(role, options);
  if (!sso.ok) return sso;
  const slo = logoutEndpointsOf(role, options);
  const keys = signingKeys(role, options.now);
  const wantAuthnRequestsSigned = ["true", "1"].includes(
    attributeOf(role, "WantAuthnRequestsSigned")?.trim().toLowerCase() ?? "",
  );
  return complete(
    {
      entityId,
      ...sso.endpoints,
      ...(slo.endpoints && { slo: slo.endpoints }),
      wantAuthnRequestsSigned,
      certificates: keys.certificates,
      warnings: [...sso.warnings, ...slo.warnings, ...keys.warnings],
    },
    options,
  );
}

/** Checks parts that were given one by one, with the same rules as for metadata. */
export function describeIdp(
  { entityId, ssoUrl, certificates }: { entityId: string; ssoUrl: string; certificates: readonly string[] },
  options: DescriptionOptions,
): ReadDescription {
  const address = ssoUrlFault(ssoUrl, options);
  if (address !== undefined) return refuse(address);
  const read = readCertificates(certificates, options.now);
  return read.ok
    ? complete(
        {
          entityId,
          ssoRedirect: ssoUrl,
          wantAuthnRequestsSigned: false,
          certificates: read.certificates,
          warnings: read.warnings,
        },
        options,
      )
    : read;
}

function complete(idp: IdpDescription, options: DescriptionOptions): ReadDescription {
  const { entityId, certificates } = idp;
  if (entityId.trim() === "" || entityId !== entityId.trim() || entityId.length > MAX_ENTITY_ID)
    return refuse(`An entity id has 1 to ${MAX_ENTITY_ID} characters, and no blank around them.`);
  if (options.entityId !== undefined && options.entityId !== entityId)
    return refuse("The metadata describes another identity provider (entity id).");
  const fault = certificatesFault(certificates, idp.warnings);
  return fault === undefined ? { ok: true, idp } : refuse(fault);
}

function certificatesFault(certificates: readonly IdpCertificate[], warnings: readonly string[]): string | undefined {
  if (certificates.length === 0) return ["There is no signing certificate that can be used.", ...warnings].join(" ");
  return certificates.length > MAX_CERTIFICATES ? `At most ${MAX_CERTIFICATES} certificates are kept.` : undefined;
}

/**
 * Certificates that can be used, each once. Expired ones, authorities and such with other kinds of keys are left out as
 * long as one can be used.
 */
export function readCertificates(
  texts: readonly string[],
  now: Date,
): { ok: true; certificates: IdpCertificate[]; warnings: string[] } | { ok: false; reason: string } {
  if (texts.length === 0) return refuse("There is no signing certificate.");
  const parsed = texts.map(parseCertificates);
  const unreadable = parsed.find((each) => !each.ok);
  if (unreadable) return refuse(unreadable.reason);
  const { certificates, warnings } = usableCertificates(
    parsed.flatMap((each) => (each.ok ? each.certificates : [])),
    now,
  );
  const fault = certificatesFault(certificates, warnings);
  return fault === undefined ? { ok: true, certificates, warnings } : refuse(fault);
}
