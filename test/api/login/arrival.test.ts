import { describe, expect, inject, test } from "vitest";
import { LOGIN_COOKIE_PREFIX, SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { newId } from "../../../src/store/ids.js";
import type { SamlConnection } from "../../../src/store/collections/saml-connections.js";
import { encodeResponse, responseXml } from "../../support/saml-idp.js";
import { type Browser, createBrowser, makeCompany } from "../browser.js";
import { startApi } from "../running-api.js";
import { api, tenant, company, audits, memberOf, setUpLogin } from "./login-setup.js";

setUpLogin();

describe("a response", () => {
  async function refusal(
    browser: Browser,
    code: string,
    post: () => Promise<{ status: number; text: string; setCookies: string[] }>,
  ) {
    const before = (await audits("session.refuse")).length;
    const answer = await post();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).toContain(`<code>${code}</code>`);
    expect(answer.text).toContain('href="/saml/login"');
    expect(answer.setCookies.filter((line) => line.startsWith(`${SESSION_COOKIE}=`))).toEqual([]);
    expect((await browser.call("GET", "/v1/me")).status).toBe(401);
    const after = await audits("session.refuse");
    expect(after).toHaveLength(before + 1);
    expect(after[0]).toMatchObject({ subject: company.connection.id, detail: { code } });
    return after[0];
  }

  test("of another browser's log-in is refused: nobody is logged in as somebody else", async () => {
    const attacker = createBrowser(api.url);
    const victim = createBrowser(api.url);
    const request = await company.begin(attacker);
    await company.begin(victim);
    await refusal(victim, "request_unknown", () =>
      company.finish(victim, request, { nameId: "attacker", attributes: [["groups", ["hooks"]]] }),
    );
    const bare = createBrowser(api.url);
    await refusal(bare, "request_unknown", () =>
      company.finish(bare, request, { nameId: "attacker", attributes: [["groups", ["hooks"]]] }),
    );
  });

  test("is not helped by the other browser's cookie under another name, nor by a made-up one", async () => {
    const attacker = createBrowser(api.url);
    const request = await company.begin(attacker);
    const victim = createBrowser(api.url);
    victim.cookies.set(`${LOGIN_COOKIE_PREFIX}mine`, [...attacker.cookies.values()][0] ?? "");
    victim.cookies.set(
      `${LOGIN_COOKIE_PREFIX}made`,
      Buffer.from(JSON.stringify({ requestId: request.id, connectionId: company.connection.id })).toString("base64url"),
    );
    victim.cookies.set(`${LOGIN_COOKIE_PREFIX}none`, "");
    await refusal(victim, "request_unknown", () =>
      company.finish(victim, request, { attributes: [["groups", ["hooks"]]] }),
    );
  });

  test("counts once, also in the browser that asked for it", async () => {
    const browser = createBrowser(api.url);
    const request = await company.begin(browser);
    const cookies = new Map(browser.cookies);
    expect((await company.finish(browser, request, { attributes: [["groups", ["hooks"]]] })).status).toBe(303);
    const again = createBrowser(api.url);
    for (const [name, value] of cookies) again.cookies.set(name, value);
    await refusal(again, "replayed", () => company.finish(again, request, { attributes: [["groups", ["hooks"]]] }));
  });

  test("that nobody asked for is refused, unless the connection takes such", async () => {
    const browser = createBrowser(api.url);
    const unasked = {
      inResponseTo: null,
      confirmationInResponseTo: null,
      attributes: [["groups", ["hooks"]]] as [string, string[]][],
    };
    const request = {
      id: "",
      acsUrl: `${api.url}/saml/acs/${company.connection.id}`,
      issuer: `${api.url}/saml/metadata/${company.connection.id}`,
      relayState: "https://evil.test/",
      xml: "",
    };
    await refusal(browser, "unsolicited", () => company.finish(browser, request, unasked));
    const open = await makeCompany(api, { groupIds: [tenant.groupId], idpInitiated: true });
    const toOpen = {
      ...request,
      acsUrl: `${api.url}/saml/acs/${open.connection.id}`,
      issuer: `${api.url}/saml/metadata/${open.connection.id}`,
    };
    expect(await open.finish(browser, toOpen, unasked)).toMatchObject({ status: 303, location: "/portal" });
  });

  test("for a person without a role is refused with what to do, and is on record with the person", async () => {
    const browser = createBrowser(api.url);
    const entry = await refusal(browser, "no_role", () =>
      company.logIn(browser, memberOf(["HOOKS", "hook", "Hooks "], "stranger")),
    );
    expect(entry?.actor).toBe(`person:${api.store.people.idOf(company.connection.id, "stranger")}`);
    expect(await api.store.people.get(api.store.people.idOf(company.connection.id, "stranger"))).toBeUndefined();
  });

  test("to a disabled connection is refused", async () => {
    const late = await makeCompany(api, { groupIds: [tenant.groupId] });
    const browser = createBrowser(api.url);
    const request = await late.begin(browser);
    await api.store.samlConnections.update(late.connection.id, (current: SamlConnection) => ({
      ...current,
      status: "disabled",
    }));
    const answer = await late.finish(browser, request, { attributes: [["groups", ["hooks"]]] });
    expect(answer.text).toContain("<code>connection_disabled</code>");
  });

  test("comes by POST, as a form of at most 256 KiB, with nothing of SAML in the query", async () => {
    const acs = `/saml/acs/${company.connection.id}`;
    const form = {
      SAMLResponse: encodeResponse(responseXml(company.idp.parts({ id: "_1", acsUrl: "x", issuer: "y" }))),
    };
    expect(await api.problem("GET", acs, { key: "" })).toMatchObject({ status: 405, code: "method_not_allowed" });
    for (const query of [
      "?SAMLResponse=x",
      "?samlresponse=x",
      "?SAMLRequest=x",
      "?RelayState=x",
      "?SigAlg=x",
      "?x=1",
    ]) {
      expect((await createBrowser(api.url).submit(`${acs}${query}`, form)).status, query).toBe(400);
      expect((await createBrowser(api.url).get(`/saml/login${query}`)).status, query).toBe(400);
    }
    expect((await createBrowser(api.url).call("POST", acs, form)).json).toMatchObject({
      code: "unsupported_media_type",
    });
    expect(
      (
        await createBrowser(api.url).submit(acs, form, {
          accept: "*/*",
          "content-type": "application/x-www-form-urlencoded; charset=utf-16",
        })
      ).json,
    ).toMatchObject({ code: "unsupported_media_type" });
    expect(
      (await createBrowser(api.url).submit(acs, { SAMLResponse: "A".repeat(257 * 1024) }, { accept: "*/*" })).json,
    ).toMatchObject({ code: "payload_too_large" });
    expect((await createBrowser(api.url).submit(acs, {}, { accept: "*/*" })).json).toMatchObject({
      code: "invalid_request",
    });
    expect(
      await api.problem("POST", acs, {
        key: "",
        body: Buffer.from("SAMLResponse=a&SAMLResponse=b"),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    ).toMatchObject({ code: "invalid_request" });
    expect(
      await api.problem("POST", acs, {
        key: "",
        body: Buffer.from("SAMLResponse=%ff"),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    ).toMatchObject({ code: "invalid_request" });
    for (const id of [newId("sso"), "sso_x", company.connection.id.toLowerCase()])
      expect((await createBrowser(api.url).submit(`/saml/acs/${id}`, form, { accept: "*/*" })).json, id).toMatchObject({
        status: 404,
        code: "connection_unknown",
      });
  });

  test("refused too often from one address is answered 429 and no longer recorded", async () => {
    const guarded = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      settings: { wrongKeysPerMinute: 3 },
    });
    try {
      const { connection } = await makeCompany(guarded);
      const post = () =>
        createBrowser(guarded.url).submit(
          `/saml/acs/${connection.id}`,
          { SAMLResponse: "bm90aGluZw==" },
          { accept: "*/*" },
        );
      const statuses = [];
      for (let times = 0; times < 6; times++) statuses.push((await post()).status);
      expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
      expect(
        (await guarded.store.audit.list({ limit: 250 })).data.filter(({ action }) => action === "session.refuse"),
      ).toHaveLength(3);
    } finally {
      await guarded.close();
    }
  });

  test(
    "refused from many addresses together is recorded one by one while they are few, and then by " + "number",
    async () => {
      const flooded = await startApi({
        temporalAddress: inject("temporalAddress"),
        mongodbUrl: inject("mongodbUrl"),
        trustedProxies: ["127.0.0.1"],
      });
      try {
        const { connection } = await makeCompany(flooded);
        const post = (n: number) =>
          createBrowser(flooded.url).submit(
            `/saml/acs/${connection.id}`,
            { SAMLResponse: "bm90aGluZw==" },
            { accept: "*/*", "x-forwarded-for": `203.0.${n >> 8}.${n & 255}` },
          );
        const entries = async () =>
          (await flooded.store.audit.list({ limit: 250 })).data
            .filter(({ action }) => action === "session.refuse")
            .map(({ detail }) => detail);
        for (let n = 0; n < 200; n += 20) await Promise.all(Array.from({ length: 20 }, (_, index) => post(n + index)));
        expect(await entries()).toHaveLength(200);
        for (let n = 200; n < 205; n++) expect((await post(n)).status).toBe(401);
        await flooded.auditTally.close();
        const counted = (await entries()).filter((detail) => detail && "acts" in detail);
        expect((await entries()).length - counted.length).toBe(200);
        // The first of a bunch is on record before it is answered, the others as one.
        expect(counted.map((detail) => detail?.["acts"]).sort()).toEqual([1, 4]);
      } finally {
        await flooded.close();
      }
    },
  );
});
