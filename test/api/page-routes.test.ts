import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../src/api/cookies.js";
import { type Browser, type Company, createBrowser, makeCompany } from "./browser.js";
import { type RunningApi, startApi } from "./running-api.js";

const NASTY = `<img src=x onerror=alert(1)>"'&`;
const ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;";
let api: RunningApi;
let company: Company;
let browser: Browser;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  const group = await api.call("POST", "/v1/groups", { body: { name: NASTY, samlGroups: ["hooks"] } });
  company = await makeCompany(api, { name: NASTY, groupIds: [String(group.body["id"])], roles: [{ samlGroup: "root", role: "admin" }] });
  await makeCompany(api);
  browser = createBrowser(api.url);
  const text = NASTY.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const answer = await company.logIn(browser, { nameId: "x", groups: ["hooks", "root"] }, { attributes: [["groups", ["hooks", "root"]], ["displayName", [text]], ["email", ["x@example.com"]]] });
  expect(answer.status, answer.text).toBe(303);
});
afterAll(() => api?.close());

describe("every page", () => {
  test.each([["/account", 200], ["/logged-out", 200], ["/saml/login", 200], ["/saml/login?connection=nobody", 404], ["/saml/login?connection=%3Cb%3E&returnTo=/x", 404], ["/saml/login?returnTo=//evil", 400], ["/saml/login?%3Cimg%20src=x%3E=1", 400]])("%s has no script, no inline style, and says so to the browser", async (path, status) => {
    const { headers, text, status: got } = await browser.get(path);
    expect(got).toBe(status);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toMatch(/<title>[^<]+ · Sealpost<\/title>/);
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=(?!alert\(1\)&)|javascript:/i);
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'.*style-src 'self'.*frame-ancestors 'none'/);
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|script-src| \*/);
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin" });
    expect(headers["strict-transport-security"]).toMatch(/max-age=31536000/);
    for (const [, id] of text.matchAll(/<label for="([^"]+)"/g)) expect(text).toContain(`id="${id}"`);
  });
});

test("the account page escapes whatever others have named", async () => {
  const { text } = await browser.get("/account");
  expect(text.split(ESCAPED)).toHaveLength(4);
  expect(text).not.toContain("<img");
  expect(text).toContain("x@example.com");
  for (const part of ['action="/logout"', 'action="/logout/everywhere"', 'action="/account/role"', 'href="/docs"', "<time datetime="]) expect(text).toContain(part);
});

test("the role is changed by a form, without a script", async () => {
  expect(await browser.submit("/account/role", { role: "admin" })).toMatchObject({ status: 303, location: "/account" });
  expect((await browser.get("/account")).text).toMatch(/<dt>Role<\/dt><dd>admin/);
  expect(await browser.submit("/account/role", { role: "consumer" })).toMatchObject({ status: 303 });
});

test("whoever is not logged in is taken to the log-in and back", async () => {
  const stranger = createBrowser(api.url);
  expect(await stranger.get("/")).toMatchObject({ status: 303, location: "/account" });
  expect(await stranger.get("/account")).toMatchObject({ status: 303, location: "/saml/login?returnTo=%2Faccount" });
  stranger.cookies.set(SESSION_COOKIE, "A".repeat(43));
  expect(await stranger.get("/account?a=1")).toMatchObject({ status: 303, location: "/saml/login?returnTo=%2Faccount%3Fa%3D1" });
  expect(stranger.cookies.has(SESSION_COOKIE)).toBe(false);
  expect(await stranger.submit("/logout")).toMatchObject({ status: 303, location: "/logged-out" });
  expect((await api.problem("GET", "/account", { key: "" })).code).toBe("unauthenticated");
});

test("a key gets no page", async () => {
  expect(await api.problem("GET", "/account")).toMatchObject({ status: 403 });
});

test("the stylesheet comes from here", async () => {
  const { headers, text } = await createBrowser(api.url).get("/pages/sealpost.css");
  expect(headers).toMatchObject({ "content-type": "text/css; charset=utf-8", "x-content-type-options": "nosniff" });
  expect(text).not.toMatch(/url\(|@import|http/);
});
