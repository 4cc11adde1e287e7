import { beforeAll, expect } from "vitest";
import { type DescriptionOptions, readIdpMetadata } from "../../../../src/api/saml/metadata/idp-metadata.js";
import { createSamlIdp, createSamlKey, type SamlIdp } from "../../../support/saml-idp.js";

export let idp: SamlIdp;

const options = (): DescriptionOptions => ({ production: true, now: new Date() });
export const read = (xml: string, more: Partial<DescriptionOptions> = {}) =>
  readIdpMetadata(xml, { ...options(), ...more });
export const bare = (xml: string) => xml.replace(/^<\?.*\?>\s*/, "");
export const entity = (change: (xml: string) => string = (xml) => xml) => change(bare(idp.metadataXml()));
export const MD = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"';
export const group = (inner: string, attributes = "") =>
  `<md:EntitiesDescriptor ${MD}${attributes}>${inner}</md:EntitiesDescriptor>`;
export const serviceProvider = (id: string) =>
  `<md:EntityDescriptor ${MD} entityID="${id}"><md:SPSSODescriptor ` +
  `protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>`;
export const inRole = (inner: string) => (xml: string) => xml.replace(/(<md:IDPSSODescriptor [^>]*>)/, `$1${inner}`);
export const onRole = (attributes: string) => (xml: string) =>
  xml.replace("<md:IDPSSODescriptor", `<md:IDPSSODescriptor ${attributes}`);
export const isGood = () => ({
  ok: true,
  idp: { entityId: idp.entityId, ssoRedirect: idp.ssoUrl, certificates: [{}] },
});
export const isRefused = (saying: RegExp) => ({ ok: false, reason: expect.stringMatching(saying) as string });
export const DISPLAY = (text: string) =>
  `<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:Description ` +
  `xml:lang="en">${text}</mdui:Description></mdui:UIInfo></md:Extensions>`;

/** What each of the files needs that begin with `federation-metadata`: call it once at the top. */
export function setUpFederationMetadata(): void {
  beforeAll(async () => {
    idp = createSamlIdp(await createSamlKey());
  });
}
