/**
 * Single logout with an identity provider, begun here and begun there; and everything that must not log anybody out.
 */
import { createVerify } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { DOMParser } from "@xmldom/xmldom";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SignedXml } from "xml-crypto";
import { newId } from "../../../../src/store/ids.js";
import type { SamlConnection } from "../../../../src/store/collections/saml-connections.js";
import { createCurveKey, createSamlKey, type ResponseParts, type SamlKey } from "../../../support/saml-idp.js";
import { logoutField, type LogoutMessage, logoutQuery, logoutXml } from "../../../support/saml-logout.js";
import { type Browser, type Company, createBrowser, makeCompany, type Visit } from "../../browser.js";
import { makeTenant, type RunningApi, startApi } from "../../running-api.js";
import { certificateOf } from "../connection.js";

let api: RunningApi;
let groupId: string;
let attacker: SamlKey;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  ({ groupId } = await makeTenant(api, "own"));
  await api.call("PATCH", `/v1/groups/${groupId}`, { body: { samlGroups: ["hooks"] } });
  attacker = await createSamlKey();
});
afterAll(() => api?.close());

const SLO = {
  redirect: { url: "https://idp.example/slo", responseUrl: "https://idp.example/slo-answers" },
  post: { url: "https://idp.example/slo-post" },
};
const withLogout = (slo: SamlConnection["slo"] = SLO): Promise<Company> =>
  makeCompany(api, { groupIds: [groupId], ...(slo && { slo }) });
const addressOf = ({ connection }: Company) => `/saml/slo/${connection.id}`;
const audits = async (subject: string, action: string) =>
  (await api.store.audit.list({ limit: 250 }, { subject, action })).data;

async function loggedIn(company: Company, nameId: string, changes: Partial<ResponseParts> = {}): Promise<Browser> {
  const browser = createBrowser(api.url);
  expect((await company.logIn(browser, { nameId, groups: ["hooks"] }, changes)).status).toBe(303);
  return browser;
}
const isIn = async (browser: Browser) => (await browser.call("GET", "/v1/me")).status === 200;

const request = (company: Company, changes: Partial<LogoutMessage> = {}) =>
  logoutXml({
    name: "LogoutRequest",
    issuer: company.idp.entityId,
    destination: `${api.url}${addressOf(company)}`,
    ...changes,
  });
const byRedirect = (
  company: Company,
  xml: string,
  options: Parameters<typeof logoutQuery>[1] = { key: company.idp.key },
) => createBrowser(api.url).get(`${addressOf(company)}?${logoutQuery(xml, options)}`);
const byPost = (company: Company, fields: Record<string, string>) =>
  createBrowser(api.url).submit(addressOf(company), fields, {
    origin: "https://idp.example",
    "sec-fetch-site": "cross-site",
  });

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
    expect(
      (
        await createBrowser(api.url).get(
          `${addressOf(other)}?${logoutQuery(logoutXml({ name: "LogoutResponse", issuer: other.idp.entityId, destination: `${api.url}${addressOf(other)}`, inResponseTo: id }), { key: other.idp.key, kind: "SAMLResponse" })}`,
        )
      ).status,
    ).toBe(401);
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

describe("nobody is logged out by what", () => {
  let company: Company;
  let browser: Browser;
  beforeAll(async () => {
    company = await withLogout();
    browser = await loggedIn(company, "person-1");
  });
  const from = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();

  test.each<[string, string, () => Partial<LogoutMessage>]>([
    ["is meant for another address", "destination_mismatch", () => ({ destination: "https://other.example/slo" })],
    ["names no address", "destination_mismatch", () => ({ destination: null })],
    ["is from another issuer", "issuer_mismatch", () => ({ issuer: "https://other.example" })],
    ["is over", "expired", () => ({ notOnOrAfter: from(-600_000) })],
    [
      "is a day old, whatever it says of its end",
      "expired",
      () => ({ issueInstant: from(-86_400_000), notOnOrAfter: from(86_400_000) }),
    ],
    ["is from tomorrow", "not_yet_valid", () => ({ issueInstant: from(86_400_000) })],
    ["has a time that is none", "logout_refused", () => ({ issueInstant: "today" })],
    ["is of another version", "logout_refused", () => ({ version: "1.1" })],
    ["names nobody", "name_id_refused", () => ({ nameId: null })],
    [
      "names two",
      "name_id_refused",
      () => ({ nameId: "<saml:NameID>person-1</saml:NameID><saml:NameID>person-2</saml:NameID>" }),
    ],
    ["hides its name", "name_id_refused", () => ({ nameId: "<saml:EncryptedID/>" })],
    ["is nested 100 deep", "response_too_complex", () => ({ more: "<x>".repeat(100) + "</x>".repeat(100) })],
    ["has 1,000 elements", "response_too_complex", () => ({ more: "<x/>".repeat(1_000) })],
  ])("%s", async (_name, code, changes) => {
    const xml = request(company, changes());
    for (const answer of [
      await byRedirect(company, xml),
      await byPost(company, { SAMLRequest: logoutField(xml, "LogoutRequest", company.idp.key) }),
    ]) {
      expect([401, 403]).toContain(answer.status);
      expect(answer.text).toContain(code);
    }
    expect(await isIn(browser)).toBe(true);
  });

  test.each<[string, (company: Company) => Promise<Visit>]>([
    ["is signed by nobody (redirect)", (of) => byRedirect(of, request(of), {})],
    [
      "is signed by nobody (form)",
      (of) => byPost(of, { SAMLRequest: logoutField(request(of), "LogoutRequest", undefined) }),
    ],
    ["is signed by another (redirect)", (of) => byRedirect(of, request(of), { key: attacker })],
    [
      "is signed by another (form)",
      (of) => byPost(of, { SAMLRequest: logoutField(request(of), "LogoutRequest", attacker) }),
    ],
    [
      "is signed with SHA-1 (redirect)",
      (of) => byRedirect(of, request(of), { key: of.idp.key, sigAlg: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" }),
    ],
    [
      "is signed with SHA-1 (form)",
      (of) =>
        byPost(of, {
          SAMLRequest: logoutField(request(of), "LogoutRequest", of.idp.key, {
            signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
          }),
        }),
    ],
    [
      "was changed (form)",
      (of) =>
        byPost(of, {
          SAMLRequest: Buffer.from(
            Buffer.from(logoutField(request(of, { nameId: "person-2" }), "LogoutRequest", of.idp.key), "base64")
              .toString()
              .replace(">person-2<", ">person-1<"),
          ).toString("base64"),
        }),
    ],
    [
      "was given another RelayState than was signed",
      async (of) =>
        createBrowser(api.url).get(
          `${addressOf(of)}?${logoutQuery(request(of), { key: of.idp.key, relayState: "a" }).replace("RelayState=a", "RelayState=b")}`,
        ),
    ],
    ["has a document type", (of) => byRedirect(of, `<!DOCTYPE x>${request(of)}`)],
    [
      "is a response",
      (of) =>
        byRedirect(
          of,
          logoutXml({ name: "LogoutResponse", issuer: of.idp.entityId, destination: `${api.url}${addressOf(of)}` }),
        ),
    ],
    ["unfolds to a megabyte", (of) => byRedirect(of, request(of, { more: " ".repeat(1024 * 1024) }))],
    ["is no base64", (of) => createBrowser(api.url).get(`${addressOf(of)}?SAMLRequest=%25&SigAlg=x&Signature=x`)],
    [
      "is wrapped around what was signed",
      (of) => {
        const signed = Buffer.from(
          logoutField(request(of, { nameId: "person-2" }), "LogoutRequest", of.idp.key),
          "base64",
        ).toString();
        const signature = /<ds:Signature[^]*<\/ds:Signature>/.exec(signed)?.[0] ?? "";
        const forged = request(of, { nameId: "person-1", more: signed.replace(signature, "") }).replace(
          "</saml:Issuer>",
          `</saml:Issuer>${signature}`,
        );
        return byPost(of, { SAMLRequest: Buffer.from(forged).toString("base64") });
      },
    ],
  ])("%s", async (_name, send) => {
    const answer = await send(company);
    expect([401, 403], answer.text).toContain(answer.status);
    expect(await isIn(browser)).toBe(true);
  });

  test.each<[string, (company: Company) => Promise<Visit>, number]>([
    [
      "comes twice in one query",
      (of) => createBrowser(api.url).get(`${addressOf(of)}?SAMLRequest=a&SAMLRequest=b`),
      400,
    ],
    [
      "comes as request and response",
      (of) => createBrowser(api.url).get(`${addressOf(of)}?SAMLRequest=a&SAMLResponse=b`),
      400,
    ],
    ["does not come", (of) => createBrowser(api.url).get(addressOf(of)), 400],
    ["is too large", (of) => byPost(of, { SAMLRequest: "A".repeat(200_000) }), 413],
    ["is JSON", (of) => createBrowser(api.url).call("POST", addressOf(of), { SAMLRequest: "x" }), 415],
    [
      "is for a connection that is not there",
      () => createBrowser(api.url).get(`/saml/slo/${newId("sso")}?SAMLRequest=a`),
      404,
    ],
  ])("%s", async (_name, send, status) => {
    expect((await send(company)).status).toBe(status);
    expect(await isIn(browser)).toBe(true);
  });

  test("was used before: a second time it ends nothing", async () => {
    const again = await withLogout();
    await loggedIn(again, "replayed");
    const query = logoutQuery(request(again, { nameId: "replayed" }), { key: again.idp.key });
    const eight = await Promise.all(
      Array.from({ length: 8 }, () => createBrowser(api.url).get(`${addressOf(again)}?${query}`)),
    );
    expect(eight.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 401)]);
    const later = await loggedIn(again, "replayed");
    expect((await createBrowser(api.url).get(`${addressOf(again)}?${query}`)).status).toBe(401);
    expect(await isIn(later)).toBe(true);
    expect((await audits(again.connection.id, "session.logout_refuse")).map(({ detail }) => detail)).toContainEqual({
      code: "replayed",
    });
  });

  test("another company's identity provider signs: the same name is another person", async () => {
    const theirs = await withLogout();
    expect((await byRedirect(theirs, request(theirs))).status).toBe(200);
    expect(await isIn(browser)).toBe(true);
  });

  test("comes to a disabled connection", async () => {
    const off = await makeCompany(api, { groupIds: [groupId], slo: SLO, status: "disabled" });
    expect((await byRedirect(off, request(off))).text).toContain("connection_disabled");
  });
});
