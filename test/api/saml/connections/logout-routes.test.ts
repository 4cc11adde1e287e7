/**
 * Single logout with an identity provider, begun here and begun there. Also everything that must not log anybody out.
 */
import { createVerify } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { DOMParser } from "@xmldom/xmldom";
import { describe, expect, test } from "vitest";
import { SignedXml } from "xml-crypto";
import { createCurveKey, type SamlKey } from "../../../support/saml-idp.js";
import { logoutField, type LogoutMessage, logoutQuery, logoutXml } from "../../../support/saml-logout.js";
import { type Company, createBrowser, makeCompany, type Visit } from "../../browser.js";
import { certificateOf } from "../connection.js";
import {
  api,
  groupId,
  attacker,
  SLO,
  withLogout,
  addressOf,
  audits,
  loggedIn,
  isIn,
  request,
  byRedirect,
  byPost,
  setUpLogoutRoutes,
} from "./logout-routes-setup.js";

setUpLogoutRoutes();

/** Where a page leads by its Refresh header. */
const refreshOf = ({ headers }: Visit) => new URL(/^0; url=(.*)$/.exec(String(headers["refresh"]))?.[1] ?? "");
const fieldOf = ({ text }: Visit, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? "";
const inflated = (url: URL, name: string) =>
  inflateRawSync(Buffer.from(url.searchParams.get(name) ?? "", "base64")).toString("utf8");

async function ownCertificate({ connection }: Company): Promise<string> {
  return (await api.store.samlConnections.get(connection.id))?.keys?.at(-1)?.certificate ?? "";
}
function isSignedQuery(url: URL, certificate: string): boolean {
  const [signed = "", signature = ""] = url.search.slice(1).split("&Signature=");
  return createVerify("RSA-SHA256").update(signed).verify(certificate, decodeURIComponent(signature), "base64");
}
function isSignedXml(xml: string, certificate: string): boolean {
  const verifier = new SignedXml({ publicCert: certificate });
  verifier.loadSignature(
    Array.from(
      new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName("ds:Signature"),
    )[0] as unknown as Node,
  );
  return verifier.checkSignature(xml);
}

describe("a log-out that begins here", () => {
  test(
    "ends the session and then leads to the identity provider, with a signed request that names " +
      "it as the provider did",
    async () => {
      const company = await withLogout();
      const browser = await loggedIn(company, "first", {
        sessionIndex: "_s1",
        nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
      });
      const left = await browser.submit("/logout");
      expect(left.status).toBe(200);
      expect(await isIn(browser)).toBe(false);
      expect(browser.cookies.size).toBe(0);
      const url = refreshOf(left);
      expect(url.origin + url.pathname).toBe(SLO.redirect.url);
      const xml = inflated(url, "SAMLRequest");
      expect(xml).toMatch(/^<samlp:LogoutRequest /);
      for (const part of [
        `Destination="${SLO.redirect.url}"`,
        `<saml:Issuer>${api.url}/saml/metadata/${company.connection.id}</saml:Issuer>`,
        '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">first</saml:NameID>',
        "<samlp:SessionIndex>_s1</samlp:SessionIndex>",
      ])
        expect(xml).toContain(part);
      expect(isSignedQuery(url, await ownCertificate(company))).toBe(true);
      // And so says the link, for a browser that does not follow the header.
      expect(left.text).toContain("SAMLRequest=");
    },
  );

  test("goes by a form where the provider takes it only so, under a policy that allows nothing else", async () => {
    const company = await withLogout({ post: SLO.post });
    const left = await (await loggedIn(company, "by-form")).submit("/logout");
    expect(left.text).toContain(`action="${SLO.post.url}"`);
    expect(
      isSignedXml(Buffer.from(fieldOf(left, "SAMLRequest"), "base64").toString("utf8"), await ownCertificate(company)),
    ).toBe(true);
    const policy = String(left.headers["content-security-policy"]);
    const nonce = /<script nonce="([^"]+)">/.exec(left.text)?.[1];
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(policy).toContain(`script-src 'nonce-${nonce}'`);
    expect(policy).toContain("form-action https://idp.example;");
    expect(policy).toContain("default-src 'none'");
  });

  test("is the same as ever for a program, and where the provider takes none", async () => {
    const company = await withLogout();
    const browser = await loggedIn(company, "program");
    expect((await browser.call("POST", "/logout", undefined, { accept: "application/json" })).status).toBe(204);
    expect(await isIn(browser)).toBe(false);
    const without = await makeCompany(api, { groupIds: [groupId] });
    expect(await (await loggedIn(without, "without")).submit("/logout")).toMatchObject({
      status: 303,
      location: "/logged-out",
    });
    const everywhere = await loggedIn(company, "everywhere");
    expect(refreshOf(await everywhere.submit("/logout/everywhere")).pathname).toBe("/slo");
  });

  test("tells whether the provider has ended its session too, and believes nobody else", async () => {
    const company = await withLogout();
    const browser = await loggedIn(company, "told");
    const id = / ID="([^"]*)"/.exec(inflated(refreshOf(await browser.submit("/logout")), "SAMLRequest"))?.[1] ?? "";
    const answer = (changes: Partial<LogoutMessage> = {}) =>
      logoutXml({
        name: "LogoutResponse",
        issuer: company.idp.entityId,
        destination: `${api.url}${addressOf(company)}`,
        inResponseTo: id,
        ...changes,
      });
    const told = (xml: string, key: SamlKey = company.idp.key) =>
      byRedirect(company, xml, { key, kind: "SAMLResponse" });
    expect((await told(answer())).text).toContain("has ended its session as well");
    expect(
      (await byPost(company, { SAMLResponse: logoutField(answer(), "LogoutResponse", company.idp.key) })).text,
    ).toContain("has ended its session as well");
    expect((await told(answer({ status: "urn:oasis:names:tc:SAML:2.0:status:Responder" }))).text).toContain(
      "could not end all",
    );
    expect((await told(answer(), attacker)).status).toBe(401);
    expect((await told(answer({ inResponseTo: "_other" }))).status).toBe(401);
    const other = await withLogout();
    const destination = `${api.url}${addressOf(other)}`;
    const xml = logoutXml({ name: "LogoutResponse", issuer: other.idp.entityId, destination, inResponseTo: id });
    const query = logoutQuery(xml, { key: other.idp.key, kind: "SAMLResponse" });
    expect((await createBrowser(api.url).get(`${addressOf(other)}?${query}`)).status).toBe(401);
  });
});

describe("a log-out that begins at the identity provider", () => {
  test("by a redirect ends every session of the person, and is answered by a signed response", async () => {
    const company = await withLogout();
    const [one, other, somebody] = [
      await loggedIn(company, "twice"),
      await loggedIn(company, "twice"),
      await loggedIn(company, "somebody"),
    ];
    const xml = request(company, { nameId: "twice" });
    const left = await byRedirect(company, xml, { key: company.idp.key, relayState: "their state&more" });
    expect(left.status, left.text).toBe(200);
    // Memory of a session is at most a second old in another process, and gone in this one.
    expect([await isIn(one), await isIn(other), await isIn(somebody)]).toEqual([false, false, true]);
    const url = refreshOf(left);
    expect(url.origin + url.pathname).toBe(SLO.redirect.responseUrl);
    expect(url.searchParams.get("RelayState")).toBe("their state&more");
    expect(isSignedQuery(url, await ownCertificate(company))).toBe(true);
    const answer = inflated(url, "SAMLResponse");
    expect(answer).toContain(`InResponseTo="${/ ID="([^"]*)"/.exec(xml)?.[1]}"`);
    expect(answer).toContain('Value="urn:oasis:names:tc:SAML:2.0:status:Success"');
    const personId = api.store.people.idOf(company.connection.id, "twice");
    expect(await audits(personId, "session.single_logout")).toMatchObject([
      { actor: `person:${personId}`, detail: { connection: company.connection.id, sessions: 2 } },
    ]);
  });

  test("by a form does the same, and is answered by a form", async () => {
    const company = await withLogout();
    const browser = await loggedIn(company, "posted");
    const left = await byPost(company, {
      SAMLRequest: logoutField(request(company, { nameId: "posted" }), "LogoutRequest", company.idp.key),
      RelayState: "x",
    });
    expect(left.text).toContain(`action="${SLO.post.url}"`);
    expect(fieldOf(left, "RelayState")).toBe("x");
    expect(
      isSignedXml(Buffer.from(fieldOf(left, "SAMLResponse"), "base64").toString("utf8"), await ownCertificate(company)),
    ).toBe(true);
    expect(await isIn(browser)).toBe(false);
  });

  test("is read with blank lines before it, in both bindings", async () => {
    const company = await withLogout();
    const browser = await loggedIn(company, "blank-post");
    const signed = logoutField(request(company, { nameId: "blank-post" }), "LogoutRequest", company.idp.key);
    const document = `\r\n\n <?xml version="1.0"?>\n${Buffer.from(signed, "base64").toString("utf8")}\n`;
    await byPost(company, { SAMLRequest: Buffer.from(document).toString("base64") });
    expect(await isIn(browser)).toBe(false);
    const other = await loggedIn(company, "blank-redirect");
    await byRedirect(company, `\n${request(company, { nameId: "blank-redirect" })}`);
    expect(await isIn(other)).toBe(false);
  });

  test("ends the sessions of the indexes that it names, and those that have none", async () => {
    const company = await withLogout();
    const [one, other, third] = [
      await loggedIn(company, "indexed", { sessionIndex: "_1" }),
      await loggedIn(company, "indexed", { sessionIndex: "_2" }),
      await loggedIn(company, "indexed", { sessionIndex: null }),
    ];
    await byRedirect(company, request(company, { nameId: "indexed", sessionIndexes: ["_1", "_9"] }));
    expect([await isIn(one), await isIn(other), await isIn(third)]).toEqual([false, true, false]);
  });

  test(
    "by a provider with an ECDSA key, and one that encodes an address in its own way (ADFS: " + "small letters)",
    async () => {
      const key = await createCurveKey("P-256");
      const company = await makeCompany(api, { groupIds: [groupId], slo: SLO });
      await api.store.samlConnections.update(company.connection.id, (current) => ({
        ...current,
        certificates: [...current.certificates, certificateOf(key.cert)],
      }));
      const encode = (text: string) =>
        encodeURIComponent(text).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
      const browser = await loggedIn(company, "elliptic");
      expect(
        (
          await byRedirect(company, request(company, { nameId: "elliptic" }), {
            key,
            sigAlg: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            encode,
            relayState: "a/b",
          })
        ).status,
      ).toBe(200);
      expect(await isIn(browser)).toBe(false);
    },
  );

  test("is a page and no answer where the provider takes none", async () => {
    const company = await makeCompany(api, { groupIds: [groupId] });
    const browser = await loggedIn(company, "no-answer");
    const left = await byRedirect(company, request(company, { nameId: "no-answer" }));
    expect(left).toMatchObject({ status: 200 });
    expect(left.text).toContain("You are logged out here");
    expect(await isIn(browser)).toBe(false);
  });
});
