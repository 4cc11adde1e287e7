/** What an administrator says of an identity provider: its metadata (SAML 2.0 metadata, 2.4.3), or its parts. Read strictly, never guessed. */
import type { IdpCertificate } from "../../store/saml-connections.js";
import { type CertificateFault, readCertificate } from "./certificates.js";
import { PROTOCOL } from "./response.js";
import { attributeOf, childrenOf, onlyChild, parseXml, textOf } from "./xml.js";

/** An identity provider as it was described. */
export interface IdpDescription {
  entityId: string;
  ssoUrl: string;
  certificates: IdpCertificate[];
}
export type ReadDescription = { ok: true; idp: IdpDescription } | { ok: false; reason: string };

export interface DescriptionOptions {
  /** Which provider is meant, where the metadata describes several. */
  entityId?: string;
  /** In production the address must be https; otherwise a trial provider on this machine may do without. */
  production: boolean;
  now: Date;
}

const METADATA = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";
const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

export const MAX_METADATA_CHARACTERS = 1024 * 1024;
/** A roll-over needs two. */
export const MAX_CERTIFICATES = 10;
const MAX_ENTITY_ID = 1_024;

const CERTIFICATE_REASONS: Record<CertificateFault, string> = {
  unreadable: "A certificate is neither PEM nor the base64 of one.",
  key_refused: "A certificate's key is not RSA with at least 2,048 bits.",
};
const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

/** Reads an EntityDescriptor, or the one that is meant out of an EntitiesDescriptor. Nothing in it is fetched, resolved or trusted beyond its certificates. */
export function readIdpMetadata(xml: string, options: DescriptionOptions): ReadDescription {
  if (xml.length > MAX_METADATA_CHARACTERS) return refuse("The metadata is larger than 1 MiB.");
  const parsed = parseXml(xml.replace(/^\ufeff/, ""), { comments: true, maxElements: 20_000 });
  if (!parsed.ok) return refuse("The metadata is not well-formed XML without document type, entities and processing instructions.");
  const entity = chooseEntity(parsed.root, options.entityId);
  if (typeof entity === "string") return refuse(entity);
  const outdated = [parsed.root, entity.element, entity.idp].some((element) => Date.parse(attributeOf(element, "validUntil") ?? "9999-12-31") <= options.now.getTime());
  if (outdated) return refuse("The metadata is out of date (validUntil).");
  const service = childrenOf(entity.idp, METADATA, "SingleSignOnService").find((each) => attributeOf(each, "Binding") === REDIRECT);
  if (!service) return refuse("The metadata has no SingleSignOnService with the HTTP-Redirect binding.");
  return describeIdp({ entityId: attributeOf(entity.element, "entityID") ?? "", ssoUrl: attributeOf(service, "Location") ?? "", certificates: signingCertificates(entity.idp) }, options);
}

/** Checks what was given one by one, as metadata has it too. */
export function describeIdp({ entityId, ssoUrl, certificates }: { entityId: string; ssoUrl: string; certificates: readonly string[] }, options: DescriptionOptions): ReadDescription {
  if (entityId.trim() === "" || entityId !== entityId.trim() || entityId.length > MAX_ENTITY_ID) return refuse(`An entity id has 1 to ${MAX_ENTITY_ID} characters.`);
  if (options.entityId !== undefined && options.entityId !== entityId) return refuse("The metadata describes another identity provider (entity id).");
  const address = ssoUrlFault(ssoUrl, options);
  if (address !== undefined) return refuse(address);
  const read = readCertificates(certificates, options.now);
  return read.ok ? { ok: true, idp: { entityId, ssoUrl, certificates: read.certificates } } : read;
}

/** Certificates that can be used, each once. Expired ones, and such with other kinds of keys, are left out as long as one can be used. */
export function readCertificates(texts: readonly string[], now: Date): { ok: true; certificates: IdpCertificate[] } | { ok: false; reason: string } {
  if (texts.length === 0) return refuse("There is no signing certificate.");
  const usable = new Map<string, IdpCertificate>();
  const reasons = new Set<string>();
  for (const text of texts.slice(0, 10 * MAX_CERTIFICATES)) {
    const read = readCertificate(text, now);
    if (!read.ok && read.fault === "unreadable") return refuse(CERTIFICATE_REASONS.unreadable);
    if (!read.ok) reasons.add(CERTIFICATE_REASONS[read.fault]);
    else if (read.certificate.notAfter <= now) reasons.add("A certificate has expired.");
    else usable.set(read.certificate.fingerprint256, read.certificate);
  }
  if (usable.size === 0) return refuse([...reasons].join(" "));
  return usable.size > MAX_CERTIFICATES ? refuse(`At most ${MAX_CERTIFICATES} certificates are kept.`) : { ok: true, certificates: [...usable.values()] };
}

/** Why people may not be sent to this address; undefined when they may. */
export function ssoUrlFault(ssoUrl: string, { production }: { production: boolean }): string | undefined {
  if (!URL.canParse(ssoUrl) || ssoUrl.length > 2_048) return "The address for log-ins is no URL of at most 2,048 characters.";
  const { protocol, hostname, username, password, hash } = new URL(ssoUrl);
  if (username !== "" || password !== "" || hash !== "") return "The address for log-ins may hold no user, password or fragment.";
  const trial = !production && protocol === "http:" && (hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname));
  return protocol === "https:" || trial ? undefined : "The address for log-ins must be https.";
}

interface ChosenEntity {
  element: Element;
  idp: Element;
}

/** The entity with an IDPSSODescriptor for SAML 2.0; a sentence when there is none, or which one is meant is open. */
function chooseEntity(root: Element, entityId: string | undefined): ChosenEntity | string {
  if (root.namespaceURI !== METADATA) return "The document is no SAML 2.0 metadata.";
  const entities = root.localName === "EntitiesDescriptor" ? childrenOf(root, METADATA, "EntityDescriptor") : root.localName === "EntityDescriptor" ? [root] : [];
  const providers = entities.flatMap((element) => {
    const idp = onlyChild(element, METADATA, "IDPSSODescriptor");
    return idp && (attributeOf(idp, "protocolSupportEnumeration") ?? "").split(/\s+/).includes(PROTOCOL) ? [{ element, idp }] : [];
  });
  const meant = entityId === undefined ? providers : providers.filter(({ element }) => attributeOf(element, "entityID") === entityId);
  const [chosen, ...more] = meant;
  if (!chosen) return providers.length === 0 ? "The metadata describes no identity provider for SAML 2.0." : "The metadata describes another identity provider (entity id).";
  return more.length === 0 ? chosen : "The metadata describes several identity providers: say which one by `entityId`.";
}

/** Those with `use="signing"` and those for every use. */
function signingCertificates(idp: Element): string[] {
  const keys = childrenOf(idp, METADATA, "KeyDescriptor").filter((key) => (attributeOf(key, "use") ?? "signing") === "signing");
  return keys.flatMap((key) => childrenOf(key, SIGNATURE, "KeyInfo")).flatMap((info) => childrenOf(info, SIGNATURE, "X509Data"))
    .flatMap((data) => childrenOf(data, SIGNATURE, "X509Certificate")).map((certificate) => textOf(certificate) ?? "");
}
