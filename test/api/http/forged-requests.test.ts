import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, sendRaw, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "forged");
  for (const name of ["a", "b"]) await api.call("POST", "/v1/apis", { body: { name: `forged ${name}` } });
});
afterAll(() => api?.close());

describe("the Host header", () => {
  test.each([
    ["twice", "Host: a.example.com\r\nHost: b.example.com"],
    ["twice, the same", "Host: a.example.com\r\nhost: a.example.com"],
    ["as a list", "Host: a.example.com, b.example.com"],
    ["with a path", "Host: a.example.com/x"],
    ["with a user", "Host: u@a.example.com"],
    ["with a space", "Host: a b"],
  ])("%s is refused, whatever the path", async (_name, hosts) => {
    for (const path of ["/v1/events", "/v1/apis", "/health/live", "/none"]) {
      const answer = await sendRaw(api.port, `GET ${path} HTTP/1.1\r\n${hosts}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain("malformed_request");
    }
  });
  test.each([
    "a.example.com",
    "a.example.com:8443",
    "127.0.0.1:1",
    "[::1]:8080",
    "[2001:db8::1]",
    "xn--bcher-kva.example",
    "",
  ])("%j is taken", async (host) => {
    expect(await sendRaw(api.port, `GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });
});

describe("a cursor", () => {
  const first = async (path: string) => String((await api.call("GET", `${path}?limit=1`)).body["next"]);
  const withCursor = (path: string, cursor: string) =>
    api.call("GET", `${path}?limit=1&cursor=${encodeURIComponent(cursor)}`);

  test("that the list gave is taken", async () => {
    const next = await first("/v1/apis");
    const page = await withCursor("/v1/apis", next);
    expect(page).toMatchObject({ status: 200, body: { data: [{ name: expect.stringMatching(/^forged/) as string }] } });
  });
  test.each<[string, (good: string) => string]>([
    ["made up", () => Buffer.from(JSON.stringify([Date.now(), "api_zzz"])).toString("base64url")],
    [
      "made up, with a code of its own",
      () => `${Buffer.from(JSON.stringify([Date.now(), "api_zzz"])).toString("base64url")}.${"A".repeat(22)}`,
    ],
    [
      "changed",
      (good) => `${Buffer.from(JSON.stringify([0, "a"])).toString("base64url")}.${good.split(".").at(-1) ?? ""}`,
    ],
    ["without its code", (good) => good.slice(0, good.lastIndexOf("."))],
    ["with a shortened code", (good) => good.slice(0, -2)],
    ["with an empty code", (good) => `${good.slice(0, good.lastIndexOf("."))}.`],
    ["with something behind", (good) => `${good}A`],
    ["of nothing but a code", (good) => `.${good.split(".").at(-1) ?? ""}`],
  ])("that is %s is refused", async (_name, change) => {
    for (const path of ["/v1/apis", "/v1/api-keys", "/v1/event-types"]) {
      const answer = await withCursor(path, change(await first("/v1/apis")));
      expect(answer, path).toMatchObject({
        status: 400,
        body: { code: "invalid_request", errors: [{ path: "query.cursor" }] },
      });
    }
  });
  test("of another list is refused", async () => {
    expect(await withCursor("/v1/api-keys", await first("/v1/apis"))).toMatchObject({ status: 400 });
  });
  test("of versions is sealed too: a number alone is none", async () => {
    const path = `/v1/event-types/${tenant.eventType}/versions`;
    for (const type of ["object", "array"])
      await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, { body: { schema: { type } } });
    const next = await first(path);
    expect(await withCursor(path, next)).toMatchObject({ status: 200, body: { data: [{ version: 2 }] } });
    expect(await withCursor(path, "2")).toMatchObject({ status: 400 });
  });
});
