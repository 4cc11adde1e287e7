/** Answers of authorization servers that come compressed, which nobody asked for. */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { get, good, setUpOauthTokens, stub } from "./oauth-tokens-setup.js";

setUpOauthTokens();

const compressed = (body: Uint8Array, encoding: string | undefined, status = 200) =>
  void (stub.respond = () => ({
    status,
    headers: { "content-type": "application/json", ...(encoding !== undefined && { "content-encoding": encoding }) },
    body: Buffer.from(body),
  }));
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe("a token", () => {
  test.each<[string, Uint8Array, string | undefined]>([
    ["gzip", gzipSync(json(good("t"))), "gzip"],
    ["deflate", deflateSync(json(good("t"))), "deflate"],
    ["brotli", brotliCompressSync(json(good("t"))), "br"],
    ["gzip without its name", gzipSync(json(good("t"))), undefined],
    ["the name alone", json(good("t")), "gzip"],
  ])("in %s is taken, though plain text was asked for", async (_name, body, encoding) => {
    compressed(body, encoding);
    expect(await get()).toEqual({ ok: true, token: "t" });
    expect(stub.requests[0]?.headers["accept-encoding"]).toBe("identity");
  });
});

test("a refusal is read as well", async () => {
  compressed(gzipSync(json({ error: "invalid_client" })), "gzip", 401);
  expect(await get()).toMatchObject({ code: "oauth_client_refused", said: "It answered HTTP 401: invalid_client." });
  compressed(gzipSync(json({ error: "slow_down" })), "gzip", 400);
  expect(await get()).toMatchObject({ code: "oauth_token_unavailable", said: "It answered HTTP 400: slow_down." });
});

test("a bomb and what breaks off are named, and asked for again", async () => {
  const packed = gzipSync(json({ ...good("t"), filler: "a".repeat(8_000_000) }));
  expect(packed.byteLength).toBeLessThan(16_384);
  compressed(packed, "gzip");
  expect(await get()).toMatchObject({
    code: "oauth_token_unavailable",
    said: expect.stringMatching(/16 KiB/) as string,
  });
  compressed(gzipSync(json(good("t"))).subarray(0, -8), "gzip");
  expect(await get()).toMatchObject({
    code: "oauth_token_unavailable",
    said: expect.stringMatching(/came compressed/) as string,
  });
});
