import { parseSetCookie } from "cookie";
import { describe, expect, inject, test } from "vitest";
import { LOGIN_COOKIE_PREFIX, SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { type Browser, createBrowser, makeCompany } from "../browser.js";
import { makeTenant, startApi } from "../running-api.js";
import { api, tenant, company, audits, memberOf, setUpLogin } from "./login-setup.js";

setUpLogin();

const loginCookies = (browser: Browser) =>
  [...browser.cookies.keys()].filter((name) => name.startsWith(LOGIN_COOKIE_PREFIX));

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
