import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type RunningApi, startApi } from "./running-api.js";

let api: RunningApi;
let production: RunningApi;
let unready: RunningApi;

beforeAll(async () => {
  const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  api = await startApi(engines);
  production = await startApi({ ...engines, settings: { production: true } });
  unready = await startApi({
    ...engines,
    readiness: async () => ({ missing: "MongoDB does not acknowledge writes", degraded: [] }),
  });
});
afterAll(async () => {
  await api?.close();
  await production?.close();
  await unready?.close();
});

test("the documentation page loads its files from here, with no inline script", async () => {
  const page = await api.call("GET", "/docs", { key: "" });
  expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
  expect(page.text).not.toMatch(/<script>|\son\w+=|https?:/);
  expect(page.headers["content-security-policy"]).toMatch(/script-src 'self';/);
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(files).toHaveLength(4);
  for (const file of files) expect((await api.call("GET", file, { key: "" })).status, file).toBe(200);
  expect((await api.call("GET", "/docs/initializer.js", { key: "" })).text).toContain("/openapi.json");
});

test("health, metrics and the document are there without a key", async () => {
  expect(await api.call("GET", "/health/live", { key: "" })).toMatchObject({
    status: 200,
    body: { status: "ok", version: "0.0.0-test" },
  });
  expect(await api.call("GET", "/health/ready", { key: "" })).toMatchObject({ status: 200 });
  expect((await api.call("GET", "/metrics", { key: "" })).text).toContain("sealpost_events_accepted_total");
  expect(await api.call("GET", "/openapi.json", { key: "" })).toMatchObject({
    status: 200,
    body: { openapi: "3.1.1" },
  });
});

test("what is missing is told in a sentence of its own", async () => {
  expect(await unready.problem("GET", "/health/ready", { key: "" })).toMatchObject({
    status: 503,
    code: "not_ready",
    detail:
      "MongoDB does not acknowledge writes. A publish would not be accepted and delivered now; the " +
      "detail says what is missing.",
  });
});

test.each(["/metrics", "/openapi.json", "/docs", "/docs/swagger-ui.css"])(
  "in production %s needs an admin key",
  async (path) => {
    expect(await production.problem("GET", path, { key: "" })).toMatchObject({ status: 401 });
    const { token } = await production.key({ role: "provider" });
    expect(await production.problem("GET", path, { key: token })).toMatchObject({ status: 403 });
    expect((await production.call("GET", path)).status).toBe(200);
  },
);

test("a request writes one line, with its route and without its query or key", async () => {
  api.log.length = 0;
  await api.call("GET", "/v1/groups?limit=7");
  await api.problem("GET", "/v1/groups/grp_nothing");
  expect(api.log.filter((line) => line["msg"] === "request")).toMatchObject([
    { method: "GET", route: "/v1/groups", status: 200, actor: "environment" },
    { method: "GET", route: "/v1/groups/{id}", status: 404, code: "not_found" },
  ]);
});
