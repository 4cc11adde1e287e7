import { describe, expect, test } from "vitest";
import { flattenHeaders, keepResponseHeaders } from "../../src/endpoint/http-headers.js";

test("request headers go out in turn, with identity encoding; a bad one spoils all", () => {
  expect(flattenHeaders({ "x-a": "1", "x-b": "caf\u00e9\t" })).toEqual([
    "accept-encoding",
    "identity",
    "x-a",
    "1",
    "x-b",
    "caf\u00e9\t",
  ]);
  for (const headers of [
    { "x-a": "1\n" },
    { "x-a": "\u0000" },
    { "x-a": "\u4e2d" },
    { "x a": "1" },
    { "": "1" },
    { HOST: "x" },
    { "accept-encoding": "gzip" },
    { "Content-Length": "1" },
    { "transfer-encoding": "chunked" },
    { Connection: "close" },
    { te: "trailers" },
    { trailer: "x" },
    { upgrade: "h2c" },
    { expect: "100-continue" },
    { "Proxy-Authorization": "x" },
  ] as Record<string, string>[])
    expect(flattenHeaders(headers)).toBeUndefined();
});

describe("response headers", () => {
  test("lose cookies, control characters and what is too long", () => {
    expect(
      keepResponseHeaders({
        "set-cookie": ["a=1", "b=2"],
        "x-list": ["a", "b"],
        "x-control": "a\u001b[31mb\u0007",
        "x-long": "y".repeat(600),
      }),
    ).toEqual({ "set-cookie": "(not kept)", "x-list": "a, b", "x-control": "a[31mb", "x-long": "y".repeat(512) });
  });
  test("are bounded in number and in size", () => {
    const many = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, value]));
    expect(Object.keys(keepResponseHeaders(many(200, "v")))).toHaveLength(50);
    expect(JSON.stringify(keepResponseHeaders(many(50, "v".repeat(512)))).length).toBeLessThan(9_000);
    expect(keepResponseHeaders({ ["x".repeat(101)]: "v" })).toEqual({});
  });
  test("keep what is understood of an answer, behind however many others", () => {
    const understood = {
      date: "Tue, 24 Nov 2026 12:00:30 GMT",
      age: "1",
      "retry-after": "60",
      "x-ratelimit-reset": "60",
      "webhook-allowed-origin": "*",
    };
    for (const [count, length] of [
      [200, 1],
      [40, 512],
    ] as const) {
      const before = Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v".repeat(length)]));
      expect(keepResponseHeaders({ ...before, ...understood })).toMatchObject(understood);
    }
  });
});
