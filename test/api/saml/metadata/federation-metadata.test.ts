/** Metadata as products and federations publish it: what says nothing is dropped, what cannot be taken is named. */
import { describe, expect, test } from "vitest";
import { decodeMetadata } from "../../../../src/api/saml/metadata/metadata-text.js";
import {
  idp,
  read,
  entity,
  group,
  serviceProvider,
  inRole,
  onRole,
  isGood,
  isRefused,
  DISPLAY,
  setUpFederationMetadata,
} from "./federation-metadata-setup.js";

setUpFederationMetadata();

const DAY_MS = 86_400_000;

describe("what says nothing is dropped", () => {
  test.each<[string, (xml: string) => string]>([
    ["blank lines before the declaration", (xml) => `\n\r\n  ${xml}`],
    ["a byte order mark and blank lines", (xml) => `\ufeff\n${xml}`],
    ["blank lines and comments after the end", (xml) => `${xml}\n<!-- end -->\n\n`],
    ["a blank without width before", (xml) => `\u200b${xml}`],
    [
      "the sentence of a browser that shows XML",
      (xml) =>
        "This XML file does not appear to have any style information associated with it. " +
        `The document tree is shown below.\n${xml.replace(/^<\?.*\?>\s*/, "")}`,
    ],
    ["the sign by which a browser folds the root", (xml) => xml.replace("?>", "?>\n- ")],
    ["a use in capitals", (xml) => xml.replace('use="signing"', 'use="SIGNING"')],
    ["an empty use", (xml) => xml.replace('use="signing"', 'use=""')],
    ["another encoding in the declaration of a text", (xml) => xml.replace("UTF-8", "ISO-8859-1")],
    ["UTF-16 in the declaration of a text", (xml) => xml.replace("UTF-8", "utf-16")],
    ["standalone in the declaration", (xml) => xml.replace("?>", ' standalone="no"?>')],
    ["a style sheet", (xml) => xml.replace("?>", '?>\n<?xml-stylesheet type="text/xsl" href="metadata.xsl"?>')],
    ["a processing instruction somewhere else", (xml) => xml.replace("<md:IDPSSO", "<?php echo '<!--'; ?><md:IDPSSO")],
    [
      "a licence as a comment with mark-up in it",
      (xml) => xml.replace("<md:EntityD", "<!-- <?x ?> <![CDATA[ <!DOCTYPE a> & --><md:EntityD"),
    ],
    ["CDATA with HTML in a display text", inRole(DISPLAY("<![CDATA[Log in <b>here</b> &amp; <!-- now --> &nbsp;]]>"))],
    ["HTML in a display text", inRole(DISPLAY('<p xmlns="http://www.w3.org/1999/xhtml">Log <b>in</b><br/></p>'))],
    ["a certificate in CDATA", (xml) => xml.replace(/(<ds:X509Certificate>)([^<]+)/, "$1<![CDATA[$2]]>")],
    [
      "blanks in the base64, and PEM",
      (xml) =>
        xml.replace(
          /(<ds:X509Certificate>)([^<]+)/,
          (_all, tag: string, text: string) =>
            `${tag}\r\n\t-----BEGIN CERTIFICATE-----\r\n${text.replaceAll(/.{64}/g, "$&\r\n\t  ")}\r\n-----END ` +
            "CERTIFICATE-----\r\n",
        ),
    ],
    [
      "several formats of names",
      inRole("<md:NameIDFormat>urn:a</md:NameIDFormat><md:NameIDFormat>urn:b</md:NameIDFormat>"),
    ],
    [
      "other bindings, an index and blanks around an address",
      (xml) =>
        xml
          .replace(
            "<md:SingleSignOnService",
            '<md:ArtifactResolutionService index="0" Binding="urn:x" ' +
              'Location="http://a"/><md:SingleSignOnService ' +
              'Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" ' +
              'Location="http://x"/><md:SingleSignOnService',
          )
          .replace(`"${idp.ssoUrl}"`, `" ${idp.ssoUrl}\n" ResponseLocation="urn:x"`),
    ],
    [
      "roles that are no identity provider's",
      (xml) =>
        xml.replace(
          "<md:IDPSSO",
          '<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
            'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" ' +
            'xsi:type="fed:SecurityTokenServiceType" ' +
            'protocolSupportEnumeration="urn:x"/><md:AttributeAuthorityDescriptor ' +
            'protocolSupportEnumeration="urn:x"/><md:IDPSSO',
        ),
    ],
    [
      "a role for SAML 1.1 before",
      (xml) =>
        xml.replace(
          "<md:IDPSSO",
          '<md:IDPSSODescriptor protocolSupportEnumeration="urn:mace:shibboleth:1.0"/><md:IDPSSO',
        ),
    ],
    [
      "times and durations",
      (xml) =>
        onRole('cacheDuration="PT6H"')(xml).replace(
          "entityID",
          `cacheDuration="P1D" validUntil="${new Date(Date.now() + DAY_MS).toISOString()}" entityID`,
        ),
    ],
    ["a time without a zone", onRole('validUntil="2999-12-31T23:59:59"')],
    [
      "more prefixes and attributes than a response has",
      (xml) =>
        xml.replace(
          "<md:EntityDescriptor",
          "<md:EntityDescriptor " +
            `${Array.from({ length: 60 }, (_each, index) => `xmlns:p${index}="urn:${index}"`).join(" ")}`,
        ),
    ],
  ])("%s", (_name, change) => expect(read(change(idp.metadataXml()))).toMatchObject(isGood()));
});

describe("bytes", () => {
  const text = () => `<?xml version="1.0" encoding="ENC"?>${inRole(DISPLAY("Universität"))(entity())}`;
  const utf16 = (xml: string, swap: boolean) =>
    swap ? Buffer.from(xml, "utf16le").swap16() : Buffer.from(xml, "utf16le");
  test.each<[string, () => Uint8Array]>([
    ["UTF-8", () => Buffer.from(text().replace("ENC", "utf-8"))],
    ["UTF-8 with a mark", () => Buffer.from(`\ufeff${text().replace("ENC", "UTF-8")}`)],
    ["ISO-8859-1", () => Buffer.from(text().replace("ENC", "ISO-8859-1"), "latin1")],
    ["windows-1252", () => Buffer.from(text().replace("ENC", "windows-1252"), "latin1")],
    ["US-ASCII", () => Buffer.from(text().replace("ENC", "US-ASCII").replace("ä", "ae"))],
    ["UTF-16 with a mark", () => utf16(`\ufeff${text().replace("ENC", "UTF-16")}`, false)],
    ["UTF-16, the other way round", () => utf16(`\ufeff${text().replace("ENC", "UTF-16")}`, true)],
    ["UTF-16 without a mark", () => utf16(text().replace("ENC", "UTF-16LE"), false)],
    ["UTF-8 that says UTF-16", () => Buffer.from(text().replace("ENC", "utf-16"))],
  ])("in %s are read", (_name, bytes) => {
    const decoded = decodeMetadata(bytes());
    expect(decoded).toMatchObject({ ok: true, text: expect.stringMatching(/Universit(ä|ae)t/) as string });
    expect(read(decoded.ok ? decoded.text : "")).toMatchObject(isGood());
  });
  test("in an encoding that nobody knows, or that they are not in, are refused by its name", () => {
    expect(decodeMetadata(Buffer.from(text().replace("ENC", "EBCDIC-CP-US")))).toMatchObject(
      isRefused(/EBCDIC-CP-US.*UTF-8/),
    );
    expect(decodeMetadata(Buffer.from(text().replace("ENC", "utf-8"), "latin1"))).toMatchObject(isRefused(/not UTF-8/));
  });
});

describe("addresses", () => {
  const services = (inner: string) =>
    entity((xml) =>
      xml
        .replaceAll(/<md:SingleSignOnService[^>]*>/g, "")
        .replace("</md:IDPSSODescriptor>", `${inner}</md:IDPSSODescriptor>`),
    );
  const service = (binding: string, location: string, name = "SingleSignOnService", more = "") =>
    `<md:${name} Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${location}"${more}/>`;
  const taken = (xml: string) => {
    const outcome = read(xml);
    return outcome.ok ? outcome.idp : outcome.reason;
  };

  test("by POST alone are taken", () => {
    const described = taken(services(service("HTTP-POST", "https://idp.example/post")));
    expect(described).toMatchObject({ ssoPost: "https://idp.example/post" });
    expect(described).not.toHaveProperty("ssoRedirect");
  });

  test("of several for one binding the first that people may be sent to, and what was left out is named", () => {
    const xml = services(
      service("HTTP-Redirect", "http://idp.example/a") +
        service("HTTP-Redirect", "https://idp.example/b") +
        service("HTTP-Redirect", "https://idp.example/c") +
        service("HTTP-POST", "javascript:alert(1)"),
    );
    expect(taken(xml)).toMatchObject({
      ssoRedirect: "https://idp.example/b",
      warnings: [expect.stringContaining("https") as string],
    });
    expect(taken(xml)).not.toHaveProperty("ssoPost");
    expect(taken(services(service("HTTP-Redirect", "http://idp.example/a")))).toMatch(/must be https/);
    expect(taken(services(service("SOAP", "https://idp.example/a")))).toMatch(/HTTP-Redirect or HTTP-POST/);
  });

  test("of single logout with the place for answers, when browsers may be sent to both", () => {
    const logout = (location: string, more = "") => service("HTTP-Redirect", location, "SingleLogoutService", more);
    const sso = service("HTTP-Redirect", "https://idp.example/sso");
    expect(
      taken(
        services(
          sso +
            logout("https://idp.example/slo", ' ResponseLocation="https://idp.example/done"') +
            service("SOAP", "http://x", "SingleLogoutService"),
        ),
      ),
    ).toMatchObject({
      slo: { redirect: { url: "https://idp.example/slo", responseUrl: "https://idp.example/done" } },
      warnings: [],
    });
    const without = taken(
      services(`${sso}${logout("https://idp.example/slo", ' ResponseLocation="http://idp.example/done"')}`),
    );
    expect(without).toMatchObject({ warnings: [expect.stringContaining("single logout") as string] });
    expect(without).not.toHaveProperty("slo");
  });

  test.each([
    ["true", true],
    ["1", true],
    ["True", true],
    ["false", false],
    ["0", false],
    ["yes", false],
  ])("WantAuthnRequestsSigned %s", (text, wanted) => {
    expect(taken(onRole(`WantAuthnRequestsSigned="${text}"`)(entity()))).toMatchObject({
      wantAuthnRequestsSigned: wanted,
    });
  });
});

test.each<[string, (xml: string) => string, RegExp]>([
  ["a page of a browser", () => "\n<!DOCTYPE html>\n<html><body>Log in</body></html>", /HTML page.*log-in/],
  ["a page without document type", () => '<html lang="en"><body>Log in</body></html>', /HTML page/],
  ["any other text before", (xml) => `x ${xml}`, /not well-formed/],
  ["blanks around the entity id", (xml) => xml.replace('entityID="', 'entityID=" '), /no blank around/],
  ["a document type", (xml) => xml.replace("?>", "?><!DOCTYPE md:EntityDescriptor>"), /document type/],
  [
    "a document type after comments and blank lines",
    (xml) => `\n<!-- x -->${xml.replace("?>", "?><!-- y --><!DOCTYPE x [<!ENTITY a 'b'>]>")}`,
    /document type/,
  ],
  ["an entity of HTML", inRole(DISPLAY("a&nbsp;b")), /&nbsp;/],
  ["a comment without an end", (xml) => xml.replace("<md:IDPSSO", "<!-- <md:IDPSSO"), /well-formed/],
  ["CDATA without an end", (xml) => xml.replace("<md:IDPSSO", "<![CDATA[ <md:IDPSSO"), /well-formed/],
  ["an instruction without an end", (xml) => `${xml}<?x`, /well-formed/],
  ["HTML that is no XML", inRole(DISPLAY("a<br>b")), /well-formed/],
  ["a web page", () => "<!doctype html><html></html>", /HTML page/],
  ["another vocabulary", () => '<feed xmlns="http://www.w3.org/2005/Atom"/>', /no SAML 2.0 metadata/],
  ["no provider", () => group(serviceProvider("urn:sp")), /no identity provider/],
  ["20,001 elements", inRole(DISPLAY("<a/>".repeat(20_000))), /20,000 elements/],
])("%s is named", (_name, change, saying) => expect(read(change(idp.metadataXml()))).toMatchObject(isRefused(saying)));

test.each([
  ["comments", "<!--"],
  ["instructions", "<?"],
  ["sections", "<![CDATA["],
  ["tags", "<md:EntityDescriptor a='"],
  ["quotes", `<md:EntityDescriptor ${"a='' ".repeat(50)}`],
])("8 MiB of %s that do not end are read once", (_name, piece) => {
  expect(read(`<md:EntitiesDescriptor>${piece.repeat(8_300_000 / piece.length)}`, { entityId: "urn:x" })).toMatchObject(
    { ok: false },
  );
});
