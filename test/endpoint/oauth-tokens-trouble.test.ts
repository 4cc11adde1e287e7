import { describe, expect, test } from "vitest";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createOAuthTokens } from "../../src/endpoint/oauth-tokens.js";
import { createSender } from "../../src/endpoint/send.js";
import { sender, stub, subscription, client, answer, get, good, setUpOauthTokens } from "./oauth-tokens-setup.js";

setUpOauthTokens();

describe("what the server said is named", () => {
  test.each<[string, number, unknown, string]>([
    [
      "an error of RFC 6749",
      400,
      { error: "invalid_scope", error_description: "canary-secret" },
      "It answered HTTP 400: invalid_scope.",
    ],
    ["an error by text/plain", 401, '{"error":"invalid_client"}', "It answered HTTP 401: invalid_client."],
    [
      "Apigee's fault",
      401,
      { fault: { faultstring: "x", detail: { errorcode: "oauth.v2.InvalidClientIdentifier" } } },
      "It answered HTTP 401: oauth.v2.InvalidClientIdentifier.",
    ],
    ["Okta's", 403, { errorCode: "E0000006", errorSummary: "x" }, "It answered HTTP 403: E0000006."],
    ["Google's", 400, { error: { code: 400, status: "INVALID_ARGUMENT" } }, "It answered HTTP 400: INVALID_ARGUMENT."],
    ["nothing", 503, "busy", "It answered HTTP 503."],
    ["a text that repeats the secret", 400, { error: "canary-secret" }, "It answered HTTP 400."],
    ["a text with markup", 400, { error: "<b>no</b>" }, "It answered HTTP 400."],
    ["no JSON", 200, "<html>", "Its answer is no JSON object."],
    ["no token", 200, {}, "Its answer holds no `access_token`."],
    ["another type", 200, good("a", { token_type: "DPoP" }), "Its token is not of the type Bearer."],
    ["a token that breaks the line", 200, good("a\nb"), "Its token holds characters that a header cannot carry."],
    ["too much", 200, good("a".repeat(20_000)), "It answered with more than 16 KiB, or its answer broke off."],
  ])("%s", async (_name, status, body, said) => {
    answer(status, body);
    expect(await get()).toMatchObject({ ok: false, said });
  });
  test("nobody there", async () => {
    expect(await get({ tokenUrl: "http://127.0.0.1:1/token" })).toMatchObject({
      said: "The token URL could not be called (connection_refused).",
    });
  });
});

describe("trouble", () => {
  test.each<[string, number, unknown, string]>([
    ["503", 503, "busy", "oauth_token_unavailable"],
    ["429", 429, { error: "slow_down" }, "oauth_token_unavailable"],
    ["a redirect", 302, "", "oauth_token_unavailable"],
    ["not JSON", 200, "<html>", "oauth_token_unavailable"],
    ["no token", 200, { token_type: "Bearer" }, "oauth_token_unavailable"],
    ["another kind of token", 200, good("a", { token_type: "DPoP" }), "oauth_token_unavailable"],
    ["a token that breaks the line", 200, good("a\r\nx: y"), "oauth_token_unavailable"],
    ["a token of line ends alone", 200, good("\r\n"), "oauth_token_unavailable"],
    ["a token with a control character", 200, good("a\u0001b"), "oauth_token_unavailable"],
    ["a token beyond ASCII", 200, good("schlüssel"), "oauth_token_unavailable"],
    ["a token that is a number", 200, good("a", { access_token: 5 }), "oauth_token_unavailable"],
    ["204", 204, "", "oauth_token_unavailable"],
    ["a list", 200, [good("a")], "oauth_token_unavailable"],
    ["a MAC token", 200, good("a", { token_type: "mac" }), "oauth_token_unavailable"],
    ["200 with an error", 200, { error: "invalid_client" }, "oauth_client_refused"],
    ["200 with a busy server's error", 200, { error: "server_error" }, "oauth_token_unavailable"],
    ["Apigee's 400", 400, { ErrorCode: "invalid_client", Error: "ClientId is Invalid" }, "oauth_client_refused"],
    ["Google's 400", 400, { error: { code: 400, status: "INVALID_ARGUMENT" } }, "oauth_client_refused"],
    ["more than 16 KiB", 200, good("a".repeat(20_000)), "oauth_token_unavailable"],
    ["a status that HTTP lacks", 999, "", "oauth_token_unavailable"],
    ["400 temporarily_unavailable", 400, { error: "temporarily_unavailable" }, "oauth_token_unavailable"],
    ["400 too_many_requests", 400, { error: "too_many_requests" }, "oauth_token_unavailable"],
    ["401 server_error", 401, { error: "server_error" }, "oauth_token_unavailable"],
    ["403 rate_limit_exceeded", 403, { error: "rate_limit_exceeded" }, "oauth_token_unavailable"],
    ["403 RateLimitExceeded", 403, { errorCode: "RateLimitExceeded" }, "oauth_token_unavailable"],
    ["Google's limit", 403, { error: { status: "RESOURCE_EXHAUSTED" } }, "oauth_token_unavailable"],
    ["a form with an error", 400, "error=invalid_client&error_description=x", "oauth_client_refused"],
    ["a page with a form in it", 200, "<p>access_token=t", "oauth_token_unavailable"],
    ["400 with a word that says nothing", 400, { error: "error" }, "oauth_client_refused"],
    ["400 without a code", 400, "no", "oauth_token_unavailable"],
    ["400 invalid_client", 400, { error: "invalid_client" }, "oauth_client_refused"],
    ["400 invalid_scope", 400, { error: "invalid_scope" }, "oauth_client_refused"],
    ["401", 401, { error: "invalid_client" }, "oauth_client_refused"],
    ["401 without a code", 401, "no", "oauth_client_refused"],
    ["403", 403, "no", "oauth_client_refused"],
  ])("%s", async (_name, status, body, code) => {
    answer(status, body);
    expect(await get()).toMatchObject({ ok: false, code });
    expect(stub.requests).toHaveLength(1);
  });

  test("nobody there, and a server that never answers, are tried again", async () => {
    expect(await get({ tokenUrl: "http://127.0.0.1:1/token" })).toMatchObject({
      ok: false,
      code: "oauth_token_unavailable",
    });
    stub.respond = () => new Promise(() => undefined);
    expect(
      await createOAuthTokens({ sender }).get({ subscription: subscription(), auth: client(), timeoutMs: 500 }),
    ).toMatchObject({ ok: false, code: "oauth_token_unavailable" });
    await stub.waitFor(1);
  });

  test("the token URL is under the same guard as an endpoint", async () => {
    const guarded = createSender({ guard: createGuard({ allowLocal: false, ports: [443] }) });
    for (const tokenUrl of [
      "http://127.0.0.1/token",
      "https://169.254.169.254/token",
      "https://metadata.google.internal/token",
    ]) {
      expect(await get({ tokenUrl }, createOAuthTokens({ sender: guarded }))).toMatchObject({
        ok: false,
        code: "oauth_token_url_refused",
      });
    }
    await guarded.close();
  });

  test("after a failure the server is left alone for a second, then asked again", async () => {
    let time = 0;
    const tokens = createOAuthTokens({ sender, now: () => time });
    answer(503, "");
    await get({}, tokens);
    await get({}, tokens);
    expect(stub.requests).toHaveLength(1);
    time = 1_001;
    answer(200, good("back"));
    expect(await get({}, tokens)).toMatchObject({ token: "back" });
  });
});

describe("an authorization server that says when to come again", () => {
  const busy = (status: number, headers: Record<string, string>, body = "busy") =>
    void (stub.respond = () => ({ status, headers, body }));
  test.each<[string, number, Record<string, string>]>([
    ["Retry-After", 503, { "retry-after": "60" }],
    ["RateLimit-Reset", 429, { "ratelimit-reset": "60" }],
  ])("by %s is left alone until then", async (_name, status, headers) => {
    busy(status, headers);
    expect(await get()).toMatchObject({ ok: false, code: "oauth_token_unavailable", askedWaitMs: 60_000 });
  });
  test("without it, or with a refusal of the client, the schedule decides", async () => {
    busy(503, {});
    expect(await get()).not.toHaveProperty("askedWaitMs");
    busy(401, { "retry-after": "60" }, '{"error":"invalid_client"}');
    expect(await get()).not.toHaveProperty("askedWaitMs");
  });
});
