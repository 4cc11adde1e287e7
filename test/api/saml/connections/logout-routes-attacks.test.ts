import { beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../../src/store/ids.js";
import { logoutField, type LogoutMessage, logoutQuery, logoutXml } from "../../../support/saml-logout.js";
import { type Browser, type Company, createBrowser, makeCompany, type Visit } from "../../browser.js";
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
      async (of) => {
        const query = logoutQuery(request(of), { key: of.idp.key, relayState: "a" });
        return createBrowser(api.url).get(`${addressOf(of)}?${query.replace("RelayState=a", "RelayState=b")}`);
      },
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
