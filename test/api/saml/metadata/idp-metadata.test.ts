/** What is read out of an identity provider's metadata, and what is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import { describeIdp, readIdpMetadata, ssoUrlFault } from "../../../../src/api/saml/metadata/idp-metadata.js";
import { createCurveKey, createSamlIdp, createSamlKey, type SamlIdp, type SamlKey } from "../../../support/saml-idp.js";
import { filled } from "../../../support/xml.js";

const DAY_MS = 86_400_000;
const options = { production: true, now: new Date() };
let idp: SamlIdp;
let expired: SamlKey;
let weak: SamlKey;
let edwards: string;

beforeAll(async () => {
  idp = createSamlIdp(await createSamlKey());
  expired = await createSamlKey({
    notBefore: new Date(Date.now() - 9 * DAY_MS),
    notAfter: new Date(Date.now() - DAY_MS),
  });
  weak = await createSamlKey({ bits: 1_024 });
  edwards = (await createCurveKey("Ed25519")).cert;
});
const read = (change: (xml: string) => string, more: { entityId?: string; production?: boolean } = {}) =>
  readIdpMetadata(change(idp.metadataXml()), { ...options, ...more });
/** Two descriptions in one document. */
const both = (xml: string) =>
  filled(
    "md:EntitiesDescriptor",
    { "xmlns:md": "urn:oasis:names:tc:SAML:2.0:metadata" },
    ...[xml, xml.replace(idp.entityId, "urn:second")].map((each) => each.replace(/^<\?.*\?>/, "")),
  );

describe("metadata is read", () => {
  test.each<[string, (xml: string) => string]>([
    ["as it is", (xml) => xml],
    [
      "with comments and a byte order mark",
      (xml) => `\ufeff${xml.replace("<md:IDPSSO", "<!-- <!DOCTYPE x> --><md:IDPSSO")}`,
    ],
    ["without use on the key", (xml) => xml.replace(' use="signing"', "")],
    [
      "with a certificate in lines",
      (xml) =>
        xml.replace(
          /(<ds:X509Certificate>)([^<]+)/,
          (_all, tag: string, text: string) => `${tag}\n${text.replaceAll(/.{64}/g, "$&\n")}\n`,
        ),
    ],
    [
      "with a service provider beside",
      (xml) =>
        xml.replace(
          "<md:IDPSSO",
          '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/><md:IDPSSO',
        ),
    ],
    [
      "valid until tomorrow",
      (xml) =>
        xml.replace(
          "<md:IDPSSODescriptor",
          `<md:IDPSSODescriptor validUntil="${new Date(Date.now() + DAY_MS).toISOString()}"`,
        ),
    ],
  ])("%s", (_name, change) => {
    expect(read(change)).toMatchObject({
      ok: true,
      idp: {
        entityId: idp.entityId,
        ssoRedirect: idp.ssoUrl,
        ssoPost: `${idp.ssoUrl}/post`,
        wantAuthnRequestsSigned: false,
        warnings: [],
        certificates: [{ pem: expect.stringContaining("CERTIFICATE") as string }],
      },
    });
  });

  test("one of several, when it is said which", () => {
    expect(read(both)).toMatchObject({ ok: false, reason: expect.stringContaining("several") as string });
    expect(read(both, { entityId: "urn:second" })).toMatchObject({ ok: true, idp: { entityId: "urn:second" } });
    expect(read(both, { entityId: "urn:third" })).toMatchObject({ ok: false });
  });

  test("without certificates that have ended or cannot be used, as long as one can", () => {
    const certificates = [expired.cert, weak.cert, edwards, idp.key.cert, idp.key.cert];
    const { ok, ...rest } = readIdpMetadata(idp.metadataXml(certificates), options);
    expect(ok, JSON.stringify(rest)).toBe(true);
    expect(rest).toMatchObject({ idp: { certificates: [expect.anything()] } });
  });
});

describe("metadata is refused", () => {
  test.each<[string, (xml: string) => string]>([
    [
      "with a document type",
      (xml) => xml.replace("<md:EntityD", '<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><md:EntityD'),
    ],
    ["with an entity", (xml) => xml.replace(/entityID="[^"]*"/, 'entityID="&x;"')],
    ["that is cut off", (xml) => xml.slice(0, -40)],
    ["that is not XML", () => "entityID: x"],
    ["that is empty", () => ""],
    ["of another vocabulary", (xml) => xml.replace("SAML:2.0:metadata", "SAML:2.0:other")],
    ["of a service provider", (xml) => xml.replaceAll("IDPSSODescriptor", "SPSSODescriptor")],
    ["of SAML 1.1", (xml) => xml.replace("SAML:2.0:protocol", "SAML:1.1:protocol")],
    ["without entity id", (xml) => xml.replace(/entityID="[^"]*"/, "")],
    ["with an endless entity id", (xml) => xml.replace(/entityID="[^"]*"/, `entityID="${"x".repeat(2_000)}"`)],
    ["without a binding of browsers", (xml) => xml.replace("HTTP-Redirect", "SOAP").replace("HTTP-POST", "PAOS")],
    [
      "with addresses that are not https",
      (xml) => xml.replaceAll('Location="https://idp.example/sso', 'Location="http://idp.example/sso'),
    ],
    ["without certificate", (xml) => xml.replace(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/, "")],
    ["with keys for encryption only", (xml) => xml.replace('use="signing"', 'use="encryption"')],
    ["with rubbish for a certificate", (xml) => xml.replace(/<ds:X509Certificate>[^<]+/, "<ds:X509Certificate>AAAA")],
    [
      "out of date",
      (xml) => xml.replace("<md:IDPSSODescriptor", '<md:IDPSSODescriptor validUntil="2020-01-01T00:00:00Z"'),
    ],
    ["nested without end", () => "<a>".repeat(50_000) + "</a>".repeat(50_000)],
    ["too large", (xml) => xml.replace("<md:IDPSSO", `${" ".repeat(1024 * 1024)}<md:IDPSSO`)],
  ])("%s", (_name, change) =>
    expect(read(change)).toMatchObject({ ok: false, reason: expect.stringMatching(/^.{10,}$/) as string }),
  );

  test.each([
    ["an expired certificate", () => expired.cert],
    ["a short key", () => weak.cert],
    ["a key for Ed25519, which no XML signature of SAML uses", () => edwards],
  ])("with nothing but %s", (_name, certificate) => {
    expect(readIdpMetadata(idp.metadataXml([certificate()]), options)).toMatchObject({ ok: false });
    expect(
      describeIdp({ entityId: "urn:idp", ssoUrl: "https://idp.example", certificates: [certificate()] }, options),
    ).toMatchObject({ ok: false });
  });
});

test.each([
  ["https://idp.example/sso", true, true],
  ["http://127.0.0.1:7000/sso", false, true],
  ["http://localhost/sso", false, true],
  ["http://[::1]:80/", false, true],
  ["http://127.0.0.1:7000/sso", true, false],
  ["http://idp.example/sso", false, false],
  ["http://127.0.0.1.evil.example/", false, false],
  ["data:text/html,x", false, false],
  ["", false, false],
])("%s in production %s: %s", (url, production, taken) =>
  expect(ssoUrlFault(url, { production }) === undefined).toBe(taken),
);
