import http from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createOAuthTokens } from "../../src/endpoint/oauth-tokens.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import type { OAuth2ClientCredentials } from "../../src/store/model.js";
import { type Receiver, startReceiver } from "../support/receiver.js";

let sender: Sender;
let stub: Receiver;
beforeAll(async () => {
  sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  stub = await startReceiver();
});
afterAll(async () => {
  await stub?.close();
  await sender?.close();
});
beforeEach(() => void (stub.requests.length = 0));

const subscription = (id = "sub_1") => ({ id, updatedAt: new Date() });
const client = (more: Partial<OAuth2ClientCredentials> = {}): OAuth2ClientCredentials => ({
  type: "oauth2",
  tokenUrl: stub.url,
  clientId: "client",
  clientSecret: "canary-secret",
  ...more,
});
const answer = (status: number, body: unknown) =>
  (stub.respond = () => ({
    status,
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  }));
const get = async (more: Partial<OAuth2ClientCredentials> = {}, tokens = createOAuthTokens({ sender })) =>
  tokens.get({ subscription: subscription(), auth: client(more), timeoutMs: 5_000 });

describe("with a real authorization server", () => {
  let server: http.Server;
  let tokenUrl: string;
  beforeAll(async () => {
    server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const made = (client_id: string, method: "client_secret_basic" | "client_secret_post") => ({
      client_id,
      client_secret: "s+e:c r&et=%",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: method,
      scope: "hooks:write",
    });
    const provider = new Provider(issuer, {
      clients: [made("by basic", "client_secret_basic"), made("by post", "client_secret_post")],
      scopes: ["hooks:write", "hooks:admin"],
      features: { clientCredentials: { enabled: true } },
    });
    const answerRequest = provider.callback();
    server.on("request", (request, response) => void answerRequest(request, response));
    tokenUrl = `${issuer}/token`;
  });
  afterAll(() => void server?.close());

  test.each(["basic", "post"] as const)(
    "a client that proves itself by %s gets a token, with characters that must be encoded",
    async (clientAuth) => {
      expect(
        await get({
          tokenUrl,
          clientId: `by ${clientAuth}`,
          clientSecret: "s+e:c r&et=%",
          clientAuth,
          scope: "hooks:write",
        }),
      ).toEqual({ ok: true, token: expect.stringMatching(/^.{20,}$/) as string });
    },
  );
  test.each<[string, Partial<OAuth2ClientCredentials>]>([
    ["a wrong secret", { clientSecret: "wrong" }],
    ["an unknown client", { clientId: "nobody" }],
    ["a scope that it does not have", { scope: "hooks:admin" }],
  ])("%s is the client's matter", async (_name, more) => {
    expect(
      await get({ tokenUrl, clientId: "by basic", clientSecret: "s+e:c r&et=%", scope: "hooks:write", ...more }),
    ).toMatchObject({ ok: false, code: "oauth_client_refused" });
  });
});

const good = (token: string, more: Record<string, unknown> = {}) => ({
  access_token: token,
  token_type: "Bearer",
  expires_in: 3_600,
  ...more,
});

describe("a token", () => {
  test("is requested once by many at the same time, kept, and renewed before its end", async () => {
    let time = 0;
    const tokens = createOAuthTokens({ sender, now: () => time });
    answer(200, good("first"));
    const many = await Promise.all(Array.from({ length: 50 }, () => get({}, tokens)));
    expect(new Set(many.map((each) => JSON.stringify(each)))).toEqual(new Set(['{"ok":true,"token":"first"}']));
    answer(200, good("second"));
    time = 3_539_999;
    expect(await get({}, tokens)).toMatchObject({ token: "first" });
    expect(stub.requests).toHaveLength(1);
    time = 3_540_000;
    expect(await get({}, tokens)).toMatchObject({ token: "second" });
  });

  test("without expires_in is kept shortly", async () => {
    let time = 0;
    const tokens = createOAuthTokens({ sender, now: () => time });
    answer(200, good("a", { expires_in: undefined }));
    await get({}, tokens);
    time = 53_999;
    await get({}, tokens);
    expect(stub.requests).toHaveLength(1);
    time = 54_000;
    await get({}, tokens);
    expect(stub.requests).toHaveLength(2);
  });

  test("that the endpoint refused is renewed once, by whoever comes first", async () => {
    const tokens = createOAuthTokens({ sender });
    answer(200, good("stale"));
    await get({}, tokens);
    answer(200, good("fresh"));
    const refused = { subscription: subscription(), auth: client(), timeoutMs: 5_000, refused: "stale" };
    expect(await Promise.all([tokens.get(refused), tokens.get(refused)])).toMatchObject([
      { token: "fresh" },
      { token: "fresh" },
    ]);
    expect(await tokens.get(refused)).toMatchObject({ token: "fresh" });
    expect(stub.requests).toHaveLength(2);
  });

  test("belongs to one subscription and to one client: another secret, scope or subscription asks anew", async () => {
    const tokens = createOAuthTokens({ sender });
    answer(200, good("a"));
    await get({}, tokens);
    await get({ clientSecret: "other" }, tokens);
    await get({ clientSecret: "other", scope: "x" }, tokens);
    await tokens.get({ subscription: subscription("sub_2"), auth: client(), timeoutMs: 5_000 });
    expect(stub.requests).toHaveLength(4);
  });

  test("is asked for with scope and audience, the secret never in the URL", async () => {
    answer(200, good("a"));
    await get({ scope: "a b", audience: "https://hooks.example.com" });
    const [request] = stub.requests;
    expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({
      grant_type: "client_credentials",
      scope: "a b",
      audience: "https://hooks.example.com",
    });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("client:canary%2Dsecret").toString("base64")}`);
    expect(request?.path).not.toContain("canary");
  });
});

/** What large providers answer beside the letter of RFC 6749, 5.1. */
describe("a token is taken", () => {
  const reply = (status: number, contentType: string | undefined, body: string) =>
    (stub.respond = () => ({
      status,
      headers: contentType === undefined ? {} : { "content-type": contentType },
      body,
    }));

  test.each([200, 201, 202, 203, 206, 299])("with status %s", async (status) => {
    answer(status, good("t"));
    expect(await get()).toEqual({ ok: true, token: "t" });
  });
  test.each<[string, string | undefined, string]>([
    ["application/json with a charset", "application/json; charset=iso-8859-1", JSON.stringify(good("t"))],
    ["text/json", "text/json", JSON.stringify(good("t"))],
    ["text/plain", "text/plain;charset=UTF-8", JSON.stringify(good("t"))],
    ["a type of a vendor", "application/vnd.example.v1+json", JSON.stringify(good("t"))],
    ["no type", undefined, JSON.stringify(good("t"))],
    ["a byte-order mark", "application/json", `\ufeff${JSON.stringify(good("t"))}\r\n`],
    ["a form", "application/x-www-form-urlencoded; charset=utf-8", "access_token=t&token_type=bearer&expires_in=3600"],
  ])("as %s", async (_name, contentType, body) => {
    reply(201, contentType, body);
    expect(await get()).toEqual({ ok: true, token: "t" });
  });
  test.each([
    "Bearer",
    "bearer",
    "BEARER",
    "BearerToken",
    "bearer_token",
    "Bearer ",
    "Application Access Token",
    "JWT",
    "",
    null,
    undefined,
  ])("with the type %j", async (token_type) => {
    answer(200, good("t", { token_type }));
    expect(await get()).toEqual({ ok: true, token: "t" });
  });
  test.each([
    "00D50000000IZ3Z!AQ0AQDpEDKYsn7ioKug2aSmgCjgrPjG9eRLza8jXWoW7uA.",
    "a=b==c",
    "a|b:c@d$e,f",
    '{"v":1}',
    "two words",
    "e".repeat(8_000),
  ])("that is %s", async (token) => {
    answer(200, good(token));
    expect(await get()).toEqual({ ok: true, token });
  });
  test("with members of other types beside it, and an ID token of another issuer", async () => {
    answer(
      200,
      good("t", {
        scope: ["a", "b"],
        refresh_token: null,
        id_token: "e30.e30.e30",
        issued_at: "1764120000000",
        error: "",
      }),
    );
    expect(await get()).toEqual({ ok: true, token: "t" });
  });
  test.each<[unknown, number]>([
    [3_600, 3_540_000],
    ["3600", 3_540_000],
    [" 3599 ", 3_539_000],
    [3_599.5, 3_539_500],
    ["3600.0", 3_540_000],
    [1e12, 86_340_000],
    [null, 54_000],
    ["", 54_000],
    ["soon", 54_000],
    [-1, 54_000],
    ["-1", 54_000],
    [0, 54_000],
    [true, 54_000],
    [{}, 54_000],
  ])("for its life of %j", async (expires_in, renewedAt) => {
    let time = 0;
    const tokens = createOAuthTokens({ sender, now: () => time });
    answer(200, good("t", { expires_in }));
    await get({}, tokens);
    time = renewedAt - 1;
    await get({}, tokens);
    expect(stub.requests).toHaveLength(1);
    time = renewedAt;
    await get({}, tokens);
    expect(stub.requests).toHaveLength(2);
  });
});

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
