import { parseSetCookie } from "cookie";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { LOGIN_COOKIE_PREFIX, SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { newId } from "../../../src/store/ids.js";
import type { SamlConnection } from "../../../src/store/collections/saml-connections.js";
import { encodeResponse, responseXml } from "../../support/saml-idp.js";
import { type Browser, type Company, createBrowser, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let company: Company;
const audits = async (action: string) =>
  (await api.store.audit.list({ limit: 250 })).data.filter((entry) => entry.action === action);
const memberOf = (groups: string[], nameId: string = newId("nid")) => ({ nameId, groups });
const loginCookies = (browser: Browser) =>
  [...browser.cookies.keys()].filter((name) => name.startsWith(LOGIN_COOKIE_PREFIX));

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "own");
  await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
  company = await makeCompany(api, {
    name: "Own company",
    groupIds: [tenant.groupId],
    roles: [{ samlGroup: "ops", role: "operator" }],
  });
  // A second one, so that a log-in must say which.
  await makeCompany(api, { name: "Other company" });
});
afterAll(() => api?.close());

describe("a log-in", () => {
  test("goes to the identity provider and comes back with a session", async () => {
    const browser = createBrowser(api.url);
    const request = await company.begin(browser, "/account?tab=1");
    expect(request).toMatchObject({
      acsUrl: `${api.url}/saml/acs/${company.connection.id}`,
      issuer: `${api.url}/saml/metadata/${company.connection.id}`,
    });
    expect(Buffer.byteLength(request.relayState)).toBeLessThanOrEqual(80);
    const back = await company.finish(browser, request, {
      nameId: "first",
      attributes: [
        ["groups", ["hooks"]],
        ["displayName", ["First Person"]],
      ],
    });
    expect(back).toMatchObject({ status: 303, location: "/account?tab=1" });
    expect((await browser.call("GET", "/v1/me")).json).toMatchObject({
      displayName: "First Person",
      role: "consumer",
      roles: ["consumer"],
      groups: [{ id: tenant.groupId, name: "own" }],
      connection: { id: company.connection.id, name: "Own company" },
    });
    expect((await browser.get("/v1/subscriptions")).json).toMatchObject({ data: [{ id: tenant.subscriptionId }] });
    const { id } = (await browser.call("GET", "/v1/me")).json;
    expect((await audits("session.start")).find((entry) => entry.actor === id)).toMatchObject({
      detail: { connection: company.connection.id, roles: ["consumer"] },
    });
  });

  test("keeps its cookies from scripts, other sites and sub-domains", async () => {
    const browser = createBrowser(api.url);
    const before = await browser.get(`/saml/login?connection=${company.connection.id}`);
    expect(before.setCookies).toHaveLength(1);
    const login = parseSetCookie(before.setCookies[0] ?? "");
    expect(login).toMatchObject({ path: "/", secure: true, httpOnly: true, sameSite: "none", maxAge: 600 });
    expect(login.name).toMatch(/^__Host-sealpost-login-/);
    expect(login.domain).toBeUndefined();
    const { setCookies } = await company.logIn(browser, memberOf(["hooks"]));
    const session = parseSetCookie(setCookies.find((line) => line.startsWith(`${SESSION_COOKIE}=`)) ?? "");
    expect(session).toMatchObject({
      name: "__Host-sealpost",
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: "lax",
    });
    expect(session.value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(session.domain ?? session.maxAge ?? session.expires).toBeUndefined();
  });

  test("tells neither the identity provider nor the address bar where it goes on", async () => {
    const browser = createBrowser(api.url);
    const { location, setCookies } = await browser.get(
      `/saml/login?connection=${company.connection.id}&returnTo=/account-of-secrets`,
    );
    expect(
      decodeURIComponent(`${location}`) + Buffer.from(setCookies.join(), "base64url").toString("latin1"),
    ).not.toContain("secrets");
  });

  test.each([
    "//evil.test",
    "https://evil.test/",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/a\nb",
    "javascript:alert(1)",
    "account",
    "",
    "/%0d%0ax\\",
    `/${"a".repeat(600)}`,
  ])("refuses to return to %j", async (returnTo) => {
    const answer = await createBrowser(api.url).get(
      `/saml/login?connection=${company.connection.id}&returnTo=${encodeURIComponent(returnTo)}`,
    );
    expect(answer.status).toBe(400);
    expect(answer.setCookies).toEqual([]);
  });

  test("in two tabs at once ends in one session, each where it began", async () => {
    const browser = createBrowser(api.url);
    const [one, other] = [await company.begin(browser, "/account?one"), await company.begin(browser, "/account?other")];
    expect(loginCookies(browser)).toHaveLength(2);
    expect(await company.finish(browser, other, { nameId: "tabs", attributes: [["groups", ["hooks"]]] })).toMatchObject(
      { status: 303, location: "/account?other" },
    );
    const token = browser.cookies.get(SESSION_COOKIE);
    expect(await company.finish(browser, one, { nameId: "tabs", attributes: [["groups", ["hooks"]]] })).toMatchObject({
      status: 303,
      location: "/account?one",
    });
    expect(browser.cookies.get(SESSION_COOKIE)).not.toBe(token);
    expect(loginCookies(browser)).toEqual([]);
  });

  test("begun a hundred times leaves five cookies", async () => {
    const browser = createBrowser(api.url);
    for (let times = 0; times < 12; times++) await company.begin(browser);
    expect(loginCookies(browser)).toHaveLength(5);
    expect((await company.logIn(browser, memberOf(["hooks"]))).status).toBe(303);
  });

  test("finds the connection by its name, and says of a wrong one only that it is wrong", async () => {
    const browser = createBrowser(api.url);
    expect((await browser.get("/saml/login?connection=own%20COMPANY")).location).toContain(company.idp.ssoUrl);
    const ask = await browser.get("/saml/login");
    expect(ask.status).toBe(200);
    expect(ask.text).toMatch(/name="connection"/);
    const wrong = await browser.get("/saml/login?connection=%3Cscript%3Ealert(1)");
    expect(wrong.status).toBe(404);
    for (const { text } of [ask, wrong]) expect(text).not.toMatch(/Own company|Other company|sso_0|alert\(1\)/);
  });

  test("is not started from inside another site's page", async () => {
    const browser = createBrowser(api.url);
    for (const headers of [
      { "sec-fetch-dest": "iframe" },
      { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
      { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    ]) {
      const answer = await browser.get(`/saml/login?connection=${company.connection.id}`, {
        ...headers,
        "sec-fetch-site": "cross-site",
      });
      expect(answer).toMatchObject({ status: 403, setCookies: [] });
    }
    expect(
      (await browser.get(`/saml/login?connection=${company.connection.id}`, { "sec-fetch-site": "cross-site" })).status,
    ).toBe(303);
  });

  test("opened as localhost goes on under the public address, where its cookies count", async () => {
    const answer = await createBrowser(api.url).get(`/saml/login?connection=${company.connection.id}`, {
      host: `localhost:${api.port}`,
    });
    expect(answer).toMatchObject({
      status: 303,
      location: `${api.url}/saml/login?connection=${company.connection.id}`,
      setCookies: [],
    });
    expect((await createBrowser(api.url).get("/saml/login", { host: "evil.test" })).location).toBeUndefined();
  });
});

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
    expect(await open.finish(browser, toOpen, unasked)).toMatchObject({ status: 303, location: "/account" });
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

describe("who it is", () => {
  test("is the NameID at the connection; the e-mail address says nothing", async () => {
    const other = await makeCompany(api, { groupIds: [tenant.groupId] });
    const ids = [];
    for (const [at, nameId, email] of [
      [company, "same", "a@example.com"],
      [company, "same", "b@example.com"],
      [company, "Same", "a@example.com"],
      [other, "same", "a@example.com"],
    ] as const) {
      const browser = createBrowser(api.url);
      await at.logIn(
        browser,
        { nameId, groups: ["hooks"] },
        {
          attributes: [
            ["groups", ["hooks"]],
            ["email", [email]],
          ],
        },
      );
      ids.push((await browser.call("GET", "/v1/me")).json["id"]);
    }
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test("one company's identity provider gives no group and no role that is another's to give", async () => {
    const theirs = await makeTenant(api, "theirs");
    await api.call("PATCH", `/v1/groups/${theirs.groupId}`, { body: { samlGroups: ["hooks", "theirs"] } });
    const browser = createBrowser(api.url);
    await company.logIn(browser, memberOf(["hooks", "theirs"]));
    expect((await browser.call("GET", "/v1/me")).json).toMatchObject({
      roles: ["consumer"],
      groups: [{ id: tenant.groupId }],
    });
    expect((await browser.call("GET", `/v1/subscriptions/${theirs.subscriptionId}`)).status).toBe(404);
    const plain = await makeCompany(api, { groupIds: [tenant.groupId] });
    const operator = createBrowser(api.url);
    await plain.logIn(operator, memberOf(["hooks", "ops"]));
    expect((await operator.call("GET", "/v1/me")).json).toMatchObject({ roles: ["consumer"] });
  });
});

test("nobody can log in over http, except on loopback outside production", async () => {
  const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  for (const settings of [{ publicUrl: "http://hooks.example.com" }, { production: true }]) {
    const plain = await startApi({ ...engines, settings });
    try {
      const { connection, idp } = await makeCompany(plain);
      expect((await createBrowser(plain.url).get("/saml/login", { accept: "*/*" })).json).toMatchObject({
        status: 503,
        code: "login_needs_https",
      });
      expect(
        (
          await createBrowser(plain.url).submit(
            `/saml/acs/${connection.id}`,
            { SAMLResponse: idp.respond({ id: "_1", acsUrl: "x", issuer: "y" }) },
            { accept: "*/*" },
          )
        ).json,
      ).toMatchObject({ code: "login_needs_https" });
    } finally {
      await plain.close();
    }
  }
});

test("with one connection it needs no naming; without any it says so", async () => {
  const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  const fresh = await startApi(engines);
  try {
    expect((await createBrowser(fresh.url).get("/saml/login", { accept: "*/*" })).json).toMatchObject({
      status: 404,
      code: "connection_unknown",
    });
    const only = await makeCompany(fresh);
    expect((await createBrowser(fresh.url).get("/saml/login")).location).toContain(only.idp.ssoUrl);
    await makeCompany(fresh, { status: "disabled" });
    expect((await createBrowser(fresh.url).get("/saml/login")).location).toContain(only.idp.ssoUrl);
  } finally {
    await fresh.close();
  }
});
