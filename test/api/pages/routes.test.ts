import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { PROBLEMS, type ProblemCode } from "../../../src/api/http/problem-codes.js";
import { createHttpServer } from "../../../src/api/index.js";
import { type Browser, type Company, createBrowser, makeCompany, type Visit } from "../browser.js";
import { type RunningApi, sendRaw, startApi } from "../running-api.js";

const NASTY = `<img src=x onerror=alert(1)>"'&`;
let api: RunningApi;
let company: Company;
let browser: Browser;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  const group = await api.call("POST", "/v1/groups", { body: { name: NASTY, samlGroups: ["hooks"] } });
  company = await makeCompany(api, {
    name: NASTY,
    groupIds: [String(group.body["id"])],
    roles: [{ samlGroup: "root", role: "admin" }],
  });
  await makeCompany(api);
  browser = createBrowser(api.url);
  const text = NASTY.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const answer = await company.logIn(
    browser,
    { nameId: "x", groups: ["hooks", "root"] },
    {
      attributes: [
        ["groups", ["hooks", "root"]],
        ["displayName", [text]],
        ["email", ["x@example.com"]],
      ],
    },
  );
  expect(answer.status, answer.text).toBe(303);
});
afterAll(() => api?.close());

describe("every page", () => {
  test.each([
    ["/problems", 200],
    ["/nowhere", 404],
    ["/v1/groups/%3Cb%3E", 404],
    ["/v1/groups?%3Cscript%3E=1", 400],
    ["/logged-out", 200],
    ["/saml/login", 200],
    ["/saml/login?connection=nobody", 404],
    ["/saml/login?connection=%3Cb%3E&returnTo=/x", 404],
    ["/saml/login?returnTo=//evil", 400],
    ["/saml/login?%3Cimg%20src=x%3E=1", 400],
  ])("%s has no script, no inline style, and says so to the browser", async (path, status) => {
    const { headers, text, status: got } = await browser.get(path);
    expect(got).toBe(status);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toMatch(/<title>[^<]+ · Sealpost<\/title>/);
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=(?!alert\(1\)&)|javascript:/i);
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'.*style-src 'self'.*frame-ancestors 'none'/);
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|script-src| \*/);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
    });
    expect(headers["strict-transport-security"]).toMatch(/max-age=31536000/);
    for (const [, id] of text.matchAll(/<label for="([^"]+)"/g)) expect(text).toContain(`id="${id}"`);
  });
});

test("whoever is not logged in has the cookie of a session that ended taken away", async () => {
  const stranger = createBrowser(api.url);
  stranger.cookies.set(SESSION_COOKIE, "A".repeat(43));
  expect(await stranger.get("/portal/deliveries?status=parked")).toMatchObject({
    status: 303,
    location: "/saml/login?returnTo=%2Fportal%2Fdeliveries%3Fstatus%3Dparked",
  });
  expect(stranger.cookies.has(SESSION_COOKIE)).toBe(false);
  expect(await stranger.submit("/logout")).toMatchObject({ status: 303, location: "/logged-out" });
});

describe("a refusal", () => {
  const stranger = () => createBrowser(api.url);
  const HTML = "text/html; charset=utf-8";
  test.each<[string, (visitor: Browser) => Promise<Visit>, number, string]>([
    [
      "401 of a page that is no page of ours",
      (visitor) => visitor.get("/v1/deliveries?status=parked"),
      401,
      "unauthenticated",
    ],
    ["404", (visitor) => visitor.get("/no/such/page"), 404, "not_found"],
    ["405", (visitor) => visitor.submit("/problems"), 405, "method_not_allowed"],
    ["a path that is not UTF-8", (visitor) => visitor.get("/v1/apis/%ff"), 400, "malformed_request"],
    [
      "a method of the edge",
      (visitor) => visitor.call("PROPFIND", "/", undefined, { accept: "text/html", "sec-fetch-mode": "navigate" }),
      405,
      "method_not_allowed",
    ],
  ])("%s is a page", async (_what, ask, status, code) => {
    const { status: got, headers, text } = await ask(stranger());
    expect(got).toBe(status);
    expect(headers["content-type"]).toBe(HTML);
    expect(headers["content-security-policy"]).toBe(
      (await stranger().get("/logged-out")).headers["content-security-policy"],
    );
    for (const part of [
      `Error ${status}`,
      PROBLEMS[code as ProblemCode].title,
      `href="/problems#${code}"`,
      'href="/favicon.svg"',
    ])
      expect(text).toContain(part);
    if (status === 405) expect(text).toMatch(/Allowed here: [A-Z, ]+\./);
  });

  test("of somebody who is not logged in leads back after the log-in", async () => {
    expect((await stranger().get("/v1/deliveries?status=parked")).text).toContain(
      'href="/saml/login?returnTo=%2Fv1%2Fdeliveries%3Fstatus%3Dparked"',
    );
    expect(
      (await stranger().get(`/portal/deliveries?q=${"x".repeat(600)}`)).location,
      "an address that the log-in would refuse is not handed on",
    ).toBe("/saml/login");
    expect((await stranger().submit("/v1/groups")).text).toContain('href="/saml/login"');
  });

  test("of the role leads to the account", async () => {
    expect((await browser.call("POST", "/v1/me/role", { role: "consumer" })).status).toBe(200);
    const { status, text, headers } = await browser.get("/v1/people");
    expect([status, headers["content-type"]]).toEqual([403, HTML]);
    expect(text).toContain('href="/portal/account"');
  });

  test.each<[string, Record<string, string>]>([
    ["asks for anything", { accept: "*/*" }],
    ["asks for JSON", { accept: "application/json" }],
    ["prefers JSON", { accept: "text/html;q=0.5, application/json" }],
    ["refuses HTML", { accept: "text/html;q=0, */*" }],
    ["is a script of a page", { accept: "text/html", "sec-fetch-mode": "cors" }],
    ["names the problem first", { accept: "application/problem+json, text/html" }],
  ])("stays a problem document for whoever %s", async (_who, headers) => {
    const answer = await stranger().get("/no/such/page", headers);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json).toEqual({
      type: "urn:sealpost:problem:not_found",
      title: PROBLEMS.not_found.title,
      status: 404,
      code: "not_found",
      detail: PROBLEMS.not_found.todo,
    });
  });

  test("on the wire, and before the service is ready, is a page for a browser too", async () => {
    const head = ["GET /portal HTTP/1.1", "Host: x", "Accept: text/html,*/*;q=0.8", `Cookie: a=${"x".repeat(20_000)}`];
    const cookies = `${head.join("\r\n")}\r\n\r\n`;
    expect(await sendRaw(api.port, cookies)).toMatch(
      /^HTTP\/1\.1 431 [^]*content-type: text\/html[^]*The headers are too large/,
    );
    const starting = createHttpServer();
    await new Promise<void>((resolve) => starting.listen(0, "127.0.0.1", resolve));
    try {
      const early = createBrowser(`http://127.0.0.1:${(starting.address() as AddressInfo).port}`);
      const { status, headers, text } = await early.get("/docs");
      expect([status, headers["content-type"], headers["retry-after"]]).toEqual([503, HTML, "2"]);
      expect(text).toMatch(/The service is starting[^]*href="\/docs">Try again/);
      for (const file of ["/pages/sealpost.css", "/favicon.svg"])
        expect((await early.get(file)).status, file).toBe(200);
    } finally {
      starting.close();
      starting.closeAllConnections();
    }
  });
});

test.each(["/favicon.svg", "/favicon.ico"])("%s is a small drawing", async (path) => {
  const { status, headers, text } = await createBrowser(api.url).get(path);
  expect([status, headers["content-type"]]).toEqual([200, "image/svg+xml"]);
  expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(text.length).toBeLessThan(1_000);
});

test("the stylesheet comes from here", async () => {
  const { headers, text } = await createBrowser(api.url).get("/pages/sealpost.css");
  expect(headers).toMatchObject({ "content-type": "text/css; charset=utf-8", "x-content-type-options": "nosniff" });
  expect(text).not.toMatch(/url\(|@import|http/);
});
