import { rmSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readPortalFiles } from "../../../src/api/portal/files.js";
import { type Browser, createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";
import { makePortal, PAGE, SCRIPT } from "./portal-setup.js";

/** Word for word what the specification of the portal asks for. */
const POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';" +
  "base-uri 'none';form-action 'self';frame-ancestors 'none';require-trusted-types-for 'script'";

const directory = makePortal();
let api: RunningApi;
let browser: Browser;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    portal: readPortalFiles(directory),
  });
  const company = await makeCompany(api, { roles: [{ samlGroup: "root", role: "admin" }] });
  browser = createBrowser(api.url);
  expect(await company.logIn(browser, { nameId: "x", groups: ["root"] })).toMatchObject({
    status: 303,
    location: "/portal",
  });
});
afterAll(async () => {
  await api?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("every address below /portal", () => {
  test.each([
    "/portal",
    "/portal/",
    "/portal/deliveries?status=parked&since=-1h",
    "/portal/deliveries/order~3A4711.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
    "/portal/deliveries/a%2Fb%3Ac.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
    "/portal/events/a/b/c",
  ])("%s is the one document", async (path) => {
    const { status, text, headers } = await browser.get(path);
    expect([status, text]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
    });
  });

  test("takes a stranger to the log-in and back", async () => {
    const stranger = createBrowser(api.url);
    expect(await stranger.get("/portal/deliveries?status=parked")).toMatchObject({
      status: 303,
      location: "/saml/login?returnTo=%2Fportal%2Fdeliveries%3Fstatus%3Dparked",
    });
    expect((await api.problem("GET", "/portal", { key: "" })).code).toBe("unauthenticated");
  });

  test("is nothing for a key, which is told what to ask instead", async () => {
    expect(await api.problem("GET", "/portal/account")).toMatchObject({
      status: 403,
      detail: expect.stringContaining("GET /v1/me") as string,
    });
  });

  test("is read and not written", async () => {
    for (const path of ["/portal", "/portal/deliveries", "/portal/assets/index-a1.js"])
      expect((await browser.submit(path)).status, path).toBe(405);
  });
});

describe("a file", () => {
  const get = async (name: string, headers: Record<string, string> = {}) => {
    const answer = await request(`${api.url}/portal/assets/${name}`, { headers });
    return { status: answer.statusCode, headers: answer.headers, bytes: Buffer.from(await answer.body.arrayBuffer()) };
  };

  test("is kept for ever, and is had without a session", async () => {
    const { status, headers, bytes } = await get("index-a1.js");
    expect([status, bytes.toString()]).toEqual([200, SCRIPT]);
    expect(headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
      "x-content-type-options": "nosniff",
    });
    expect(headers["content-encoding"]).toBeUndefined();
  });

  test("comes in brotli where the browser takes it and the build made it", async () => {
    const small = await get("index-a1.js", { "accept-encoding": "gzip, br" });
    expect(small.headers).toMatchObject({ "content-encoding": "br", "content-length": String(small.bytes.length) });
    expect(brotliDecompressSync(small.bytes).toString()).toBe(SCRIPT);
    expect((await get("index-b2.css", { "accept-encoding": "br" })).headers["content-encoding"]).toBeUndefined();
  });

  test.each([
    "notes.txt",
    "index-a1.js.br",
    "..%2Fsecret.js",
    "..%2F..%2Fpackage.json",
    "%2e%2e%2findex.html",
    "__proto__",
  ])("%s is none of the build's", async (name) => {
    expect((await get(name)).status).toBe(404);
  });
});

test.each([
  ["/", "/portal"],
  ["/?from=bookmark", "/portal"],
  ["/account", "/portal/account"],
])("%s leads to %s", async (from, to) => {
  expect(await createBrowser(api.url).get(from)).toMatchObject({ status: 303, location: to });
});
