/**
 * Providers that take requests by HTTP-POST only, or signed only (OneLogin, ADFS): what their metadata says is what
 * they get.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createSamlIdp, createSamlKey, type SamlIdp } from "../../support/saml-idp.js";
import { createBrowser } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let idp: SamlIdp;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "own");
  await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["staff"] } });
  idp = createSamlIdp(await createSamlKey());
});
afterAll(() => api?.close());

const postOnly = (xml: string) => xml.replace(/\s*<md:SingleSignOnService [^>]*HTTP-Redirect"[^>]*\/>/, "");
const wantsSigned = (xml: string) =>
  xml.replace("<md:IDPSSODescriptor ", '<md:IDPSSODescriptor WantAuthnRequestsSigned="true" ');

async function connect(
  change: (xml: string) => string,
  more: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const metadataXml = change(idp.metadataXml());
  const answer = await api.call("POST", "/v1/saml-connections", {
    body: { name: "Own company", metadataXml, groupIds: [tenant.groupId], ...more },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

describe("a provider that takes requests by HTTP-POST only", () => {
  test("is registered, and its people log in by a form under a policy that allows nothing else", async () => {
    const made = await connect(postOnly);
    expect(made).toMatchObject({ ssoPostUrl: `${idp.ssoUrl}/post` });
    expect(made).not.toHaveProperty("ssoUrl");
    const browser = createBrowser(api.url);
    const page = await browser.get(`/saml/login?connection=${String(made["id"])}&returnTo=/docs`);
    expect(page.status).toBe(200);
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? "";
    expect(page.text).toContain(`<form id="message" method="post" action="${idp.ssoUrl}/post">`);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain(`form-action ${new URL(idp.ssoUrl).origin};`);
    expect(policy).toContain(`script-src 'nonce-${/<script nonce="([^"]+)">/.exec(page.text)?.[1]}'`);
    expect(page.headers["cache-control"]).toBe("no-store");
    const again = await createBrowser(api.url).get(`/saml/login?connection=${String(made["id"])}`);
    expect(/<script nonce="([^"]+)">/.exec(again.text)?.[1]).not.toBe(/<script nonce="([^"]+)">/.exec(page.text)?.[1]);
    const xml = Buffer.from(field("SAMLRequest"), "base64").toString("utf8");
    const request = {
      id: / ID="([^"]*)"/.exec(xml)?.[1] ?? "",
      acsUrl: String(made["acsUrl"]),
      issuer: String(made["spEntityId"]),
    };
    expect(xml).toContain(`AssertionConsumerServiceURL="${request.acsUrl}"`);
    const back = await browser.submit(
      `/saml/acs/${String(made["id"])}`,
      { SAMLResponse: idp.respond(request), RelayState: field("RelayState") },
      { origin: new URL(idp.ssoUrl).origin, "sec-fetch-site": "cross-site" },
    );
    expect(back).toMatchObject({ status: 303, location: "/docs" });
  });
});

describe("signed requests", () => {
  const begin = async (made: Record<string, unknown>) =>
    new URL(String((await createBrowser(api.url).get(`/saml/login?connection=${String(made["id"])}`)).location))
      .searchParams;

  test("are on where the metadata wants them, and off otherwise; a setting has the last word", async () => {
    const [wanting, plain, asked, refused] = [
      await connect(wantsSigned),
      await connect((xml) => xml),
      await connect((xml) => xml, { signRequests: true }),
      await connect(wantsSigned, { signRequests: false }),
    ];
    for (const [made, signed] of [
      [wanting, true],
      [plain, false],
      [asked, true],
      [refused, false],
    ] as const) {
      expect((await begin(made)).has("Signature")).toBe(signed);
      const { text } = await api.call("GET", `/saml/metadata/${String(made["id"])}`, { key: "" });
      expect(text).toContain(`AuthnRequestsSigned="${signed}"`);
    }
  });

  test("are switched on by a change, or by newer metadata that wants them; the audit says so", async () => {
    const [one, other] = [await connect((xml) => xml), await connect((xml) => xml)];
    expect(
      (await api.call("PATCH", `/v1/saml-connections/${String(one["id"])}`, { body: { signRequests: true } })).body,
    ).toMatchObject({ signRequests: true });
    expect((await begin(one)).has("Signature")).toBe(true);
    const { data } = await api.store.audit.list(
      { limit: 5 },
      { subject: String(one["id"]), action: "saml_connection.change" },
    );
    expect(data).toMatchObject([{ detail: { signRequests: true } }]);
    expect(
      (
        await api.call("POST", `/v1/saml-connections/${String(other["id"])}/metadata`, {
          body: { metadataXml: wantsSigned(idp.metadataXml()) },
        })
      ).body,
    ).toMatchObject({ signRequests: true });
    expect((await begin(other)).has("Signature")).toBe(true);
  });

  test("need a key, which an older connection gets at its first log-in", async () => {
    const made = await connect((xml) => xml, { signRequests: true });
    await api.store.samlConnections.update(String(made["id"]), ({ keys: _keys, ...older }) => older);
    expect((await begin(made)).has("Signature")).toBe(true);
    expect((await api.store.samlConnections.get(String(made["id"])))?.keys).toHaveLength(1);
  });
});
