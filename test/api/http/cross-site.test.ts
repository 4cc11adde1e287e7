import type { IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { isCrossSite } from "../../../src/api/http/cross-site.js";
import { type Browser, createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";

const OURS = "https://hooks.example.com";
const site = (value: string): IncomingHttpHeaders => ({ "sec-fetch-site": value });
const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

describe.each(["POST", "PATCH", "DELETE", "PUT"])("%s", (method) => {
  test.each<[string, IncomingHttpHeaders, boolean]>([
    ["from our page", { origin: OURS }, false],
    ["from our page, by an older browser", site("same-origin"), false],
    ["from another site", { origin: "https://evil.test", ...site("cross-site") }, true],
    ["from another site that says it is ours", { origin: "https://evil.test", ...site("same-origin") }, true],
    ["from a sandboxed frame or a data: page", { origin: "null" }, true],
    ["from a sub-domain", { origin: "https://a.hooks.example.com", ...site("same-site") }, true],
    ["from a domain that begins like ours", { origin: "https://hooks.example.com.evil.test" }, true],
    ["over http", { origin: "http://hooks.example.com" }, true],
    ["from another port", { origin: `${OURS}:8443` }, true],
    ["with two origins", { origin: `${OURS}, https://evil.test` }, true],
    ["without an origin, from another site", site("cross-site"), true],
    ["without an origin, from a sibling", site("same-site"), true],
    ["without an origin, from no page", { ...site("none"), ...NAVIGATION }, true],
    ["without any of it", {}, true],
  ])("%s", (_name, headers, refused) => {
    expect(isCrossSite({ method, headers }, [OURS])).toBe(refused);
  });
});

describe.each(["GET", "HEAD"])("%s", (method) => {
  test.each<[string, IncomingHttpHeaders, boolean]>([
    ["by a person's link from elsewhere", { ...site("cross-site"), ...NAVIGATION }, false],
    ["typed in", { ...site("none"), ...NAVIGATION }, false],
    ["by our page", site("same-origin"), false],
    ["by no browser", {}, false],
    [
      "by an image of another site",
      { ...site("cross-site"), "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
      true,
    ],
    [
      "in a frame of another site",
      { ...site("cross-site"), "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      true,
    ],
    ["by a script of a sibling", { ...site("same-site"), "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, true],
    ["by a script of another origin", { origin: "https://evil.test" }, true],
    ["by a script of an opaque origin", { origin: "null" }, true],
  ])("%s", (_name, headers, refused) => {
    expect(isCrossSite({ method, headers }, [OURS])).toBe(refused);
  });
});

describe("at the gate", () => {
  let api: RunningApi;
  let admin: Browser;
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    const company = await makeCompany(api, { roles: [{ samlGroup: "root", role: "admin" }] });
    admin = createBrowser(api.url);
    await company.logIn(admin, { nameId: "admin", groups: ["root"] });
  });
  afterAll(() => api?.close());

  test.each<[string, Record<string, string>]>([
    ["a form of another site", { origin: "https://evil.test", "content-type": "application/x-www-form-urlencoded" }],
    ["JSON as text/plain of another site", { origin: "https://evil.test", "content-type": "text/plain" }],
    ["JSON of another site", { origin: "https://evil.test", "sec-fetch-site": "cross-site" }],
    ["JSON of an opaque origin", { origin: "null" }],
    ["JSON of the Temporal UI", { origin: "http://127.0.0.1:8233", "sec-fetch-site": "same-site" }],
  ])("%s changes nothing", async (_name, headers) => {
    expect((await admin.call("POST", "/v1/apis", { name: "forged" }, headers)).json).toMatchObject({
      status: 403,
      code: "cross_site_request",
    });
    expect((await api.call("GET", "/v1/apis")).text).not.toContain("forged");
  });

  test("nothing without an origin changes anything", async () => {
    const cookie = `${SESSION_COOKIE}=${admin.cookies.get(SESSION_COOKIE)}`;
    expect(
      await api.problem("POST", "/v1/apis", { key: "", headers: { cookie }, body: { name: "forged" } }),
    ).toMatchObject({ status: 403, code: "cross_site_request" });
    expect(await api.problem("POST", "/logout", { key: "", headers: { cookie } })).toMatchObject({
      code: "cross_site_request",
    });
    expect((await admin.call("GET", "/v1/me")).status).toBe(200);
  });

  test("our own page may, as JSON and as nothing else", async () => {
    expect((await admin.call("POST", "/v1/apis", { name: "made" })).status).toBe(201);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      expect(
        (await admin.call("POST", "/v1/apis", { name: "odd" }, { "content-type": type })).json,
        type,
      ).toMatchObject({ status: 415, code: "unsupported_media_type" });
    }
  });

  test("no answer to another origin may be read, with or without cookies", async () => {
    for (const origin of ["https://evil.test", "null", api.url]) {
      const answer = await admin.call("GET", "/v1/me", undefined, { origin });
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
      expect(answer.headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  });

  test("a page of ours has payloads decoded for whoever is logged in, and no other origin does", async () => {
    const decode = (headers: Record<string, string>) => admin.call("POST", "/codec/decode", { payloads: [] }, headers);
    expect((await decode({})).status).toBe(200);
    for (const origin of ["https://evil.test", "null", "http://127.0.0.1:8233"]) {
      expect((await decode({ origin, "sec-fetch-site": "same-site" })).json, origin).toMatchObject({
        status: 403,
        code: "cross_site_request",
      });
    }
  });

  test("where a key is sent too, the key counts", async () => {
    const cookie = `${SESSION_COOKIE}=${admin.cookies.get(SESSION_COOKIE)}`;
    const { token, id } = await api.key({ role: "provider" });
    expect((await api.call("GET", "/v1/me", { key: token, headers: { cookie } })).body).toMatchObject({
      id: `key:${id}`,
      role: "provider",
    });
    expect(
      (
        await api.call("POST", "/v1/apis", {
          key: token,
          headers: { cookie, origin: "https://evil.test" },
          body: { name: "by key" },
        })
      ).status,
    ).toBe(201);
    // A wrong key is not made good by a cookie.
    expect(await api.problem("GET", "/v1/me", { key: "sp_wrong", headers: { cookie } })).toMatchObject({
      status: 401,
      code: "unauthenticated",
    });
  });
});
