import net from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createHttpServer } from "../../../src/api/index.js";
import { type RunningApi, sendRaw, startApi } from "../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    http: { headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 },
  });
});
afterAll(() => api?.close());

const END = "Connection: close\r\n\r\n";
const headers = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: 1\r\n`).join("");

test.each<[string, string, number, string]>([
  [
    "Content-Length and Transfer-Encoding",
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "malformed_request",
  ],
  [
    "Transfer-Encoding with a space",
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    400,
    "malformed_request",
  ],
  [
    "two lengths",
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    400,
    "malformed_request",
  ],
  ["a length of +2", `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab`, 400, "malformed_request"],
  ["no Host", `GET /health/live HTTP/1.1\r\n${END}`, 400, "malformed_request"],
  ["HTTP 2.0 by its words", `GET /health/live HTTP/2.0\r\nHost: x\r\n${END}`, 400, "malformed_request"],
  ...["Host", "Authorization", "AUTHORIZATION", "content-type"].map((name): [string, string, number, string] => [
    `${name} twice`,
    `GET /health/live HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nContent-Type: b\r\n${name}: x\r\n${END}`,
    400,
    "malformed_request",
  ]),
  ["no HTTP at all", `hello\r\n\r\n`, 405, "method_not_allowed"],
  [
    "headers of 20 KB",
    `GET /health/live HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    431,
    "headers_too_large",
  ],
  ["101 headers", `GET /health/live HTTP/1.1\r\nHost: x\r\n${headers(99)}${END}`, 431, "headers_too_large"],
  ["10,000 headers", `GET /health/live HTTP/1.1\r\nHost: x\r\n${headers(10_000)}\r\n`, 431, "headers_too_large"],
  ["TRACE", `TRACE /v1/apis HTTP/1.1\r\nHost: x\r\n${END}`, 405, "method_not_allowed"],
  ["CONNECT", `CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n`, 405, "method_not_allowed"],
  ["a method nobody knows", `BREW /v1/apis HTTP/1.1\r\nHost: x\r\n\r\n`, 405, "method_not_allowed"],
  [
    "an expectation",
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n{}`,
    417,
    "expectation_failed",
  ],
  ["headers that do not end", `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: `, 408, "request_timeout"],
])("%s", async (_name, bytes, status, code) => {
  const answer = await sendRaw(api.port, bytes);
  expect(answer).toMatch(
    new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*content-type: application/problem\\+json[\\s\\S]*"code":"${code}"`, "i"),
  );
  expect(answer).not.toMatch(/HPE_|llhttp|node:/);
});

test("a body that does not end gets its 408", async () => {
  const answer = await sendRaw(
    api.port,
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.adminKey}\r\nContent-Type: ` +
      `application/json\r\nContent-Length: 100\r\n\r\n{"type`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
});

test("100 headers are taken", async () => {
  expect(await sendRaw(api.port, `GET /health/live HTTP/1.1\r\nHost: x\r\n${headers(97)}${END}`)).toMatch(
    /^HTTP\/1\.1 200/,
  );
});

test("connections above the cap are closed, the others served", async () => {
  const capped = createHttpServer({ maxConnections: 2 });
  capped.on("request", (_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => capped.listen(0, "127.0.0.1", resolve));
  const { port } = capped.address() as net.AddressInfo;
  const held = [net.connect(port, "127.0.0.1"), net.connect(port, "127.0.0.1")];
  try {
    await expect.poll(() => new Promise((resolve) => capped.getConnections((_error, count) => resolve(count)))).toBe(2);
    expect(await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${END}`).catch(() => "")).toBe("");
    held[0]?.destroy();
    await expect.poll(() => sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${END}`).catch(() => "")).toMatch(/200 OK/);
  } finally {
    for (const socket of held) socket.destroy();
    capped.close();
    capped.closeAllConnections();
  }
});

test("before the API is there, requests are answered 503", async () => {
  const starting = createHttpServer();
  await new Promise<void>((resolve) => starting.listen(0, "127.0.0.1", resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(starting.address() as net.AddressInfo).port}/v1/events`, {
      method: "POST",
      body: "{}",
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: "not_ready" });
  } finally {
    starting.close();
    starting.closeAllConnections();
  }
});

describe("every answer", () => {
  test.each([
    ["GET", "/health/live"],
    ["GET", "/nope"],
    ["GET", "/.env"],
    ["GET", "/debug"],
    ["GET", "/docs/swagger-ui-bundle.js.map"],
    ["GET", "/docs/..%2f..%2fpackage.json"],
    ["PUT", "/v1/apis"],
    ["GET", "/v1/apis/%ff"],
    ["DELETE", "/v1/events"],
    ["GET", "/V1/apis"],
    ["GET", "/v1/apis/"],
  ])("%s %s has the security headers", async (method, path) => {
    const { status, headers: got, text } = await api.call(method, path);
    expect(got).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    expect(got["content-security-policy"]).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect(got["strict-transport-security"]).toMatch(/max-age=31536000/);
    expect(got["x-powered-by"]).toBeUndefined();
    expect(text).not.toMatch(/<html|node_modules|at .*\.js:/);
    if (path !== "/health/live") {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(got["content-type"]).toBe("application/problem+json");
    }
  });

  test("405 names the methods that are allowed", async () => {
    expect((await api.problem("PUT", "/v1/apis")).headers["allow"]).toBe("POST, GET, HEAD");
  });

  test("no other origin is allowed anywhere", async () => {
    for (const origin of ["https://evil.test", "null", "http://127.0.0.1:8233"]) {
      expect(
        (await api.call("GET", "/v1/apis", { headers: { origin } })).headers["access-control-allow-origin"],
      ).toBeUndefined();
      expect((await api.call("OPTIONS", "/v1/apis", { headers: { origin } })).status).toBe(405);
    }
  });
});

test.each<[string, unknown, string, number?]>([
  ["60,000 keys", Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, 1])), "invalid_request"],
  ["depth", Buffer.from(`{"name":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), "invalid_request"],
  ["constructor.prototype", { name: "x", constructor: { prototype: { polluted: 1 } } }, "invalid_request"],
  ["a member twice", Buffer.from(`{"name":"a","name":"b"}`), "duplicate_member"],
  ["__proto__", Buffer.from(`{"name":"a","__proto__":{"polluted":1}}`), "invalid_request"],
  ["one byte too many", Buffer.alloc(1024 * 1024 + 1, 0x20), "payload_too_large", 413],
  ["a list", [], "invalid_request"],
  ["null", null, "invalid_request"],
  ["a number", 5, "invalid_request"],
])("an administrative body with %s is refused", async (_name, body, code, status = 400) => {
  expect(
    await api.problem("POST", "/v1/apis", { body, headers: { "content-type": "application/json" } }),
  ).toMatchObject({ status, code });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test.each([
  "a[$ne]=1",
  "limit=1&limit=2",
  "limit=0",
  "limit=251",
  "limit=-1",
  "limit=1e2",
  "x",
  "%ff=1",
  "cursor=",
  "limit",
])("the query %s is refused", async (query) => {
  expect(await api.problem("GET", `/v1/groups?${query}`)).toMatchObject({ status: 400, code: "invalid_request" });
});
