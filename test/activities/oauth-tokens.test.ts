import http from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createGuard } from "../../src/activities/guard.js";
import { createOAuthTokens } from "../../src/activities/oauth-tokens.js";
import { createSender, type Sender } from "../../src/activities/send.js";
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
const client = (more: Partial<OAuth2ClientCredentials> = {}): OAuth2ClientCredentials =>
  ({ type: "oauth2", tokenUrl: stub.url, clientId: "client", clientSecret: "canary-secret", ...more });
const answer = (status: number, body: unknown) => (stub.respond = () => ({ status, headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) }));
const get = async (more: Partial<OAuth2ClientCredentials> = {}, tokens = createOAuthTokens({ sender })) => tokens.get({ subscription: subscription(), auth: client(more), timeoutMs: 5_000 });

describe("with a real authorization server", () => {
  let server: http.Server;
  let tokenUrl: string;
  beforeAll(async () => {
    server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const made = (client_id: string, method: "client_secret_basic" | "client_secret_post") => ({
      client_id, client_secret: "s+e:c r&et=%", grant_types: ["client_credentials"], redirect_uris: [], response_types: [], token_endpoint_auth_method: method, scope: "hooks:write",
    });
    const provider = new Provider(issuer, { clients: [made("by basic", "client_secret_basic"), made("by post", "client_secret_post")], scopes: ["hooks:write", "hooks:admin"], features: { clientCredentials: { enabled: true } } });
    const answerRequest = provider.callback();
    server.on("request", (request, response) => void answerRequest(request, response));
    tokenUrl = `${issuer}/token`;
  });
  afterAll(() => void server?.close());

  test.each(["basic", "post"] as const)("a client that proves itself by %s gets a token, with characters that must be encoded", async (clientAuth) => {
    expect(await get({ tokenUrl, clientId: `by ${clientAuth}`, clientSecret: "s+e:c r&et=%", clientAuth, scope: "hooks:write" })).toEqual({ ok: true, token: expect.stringMatching(/^.{20,}$/) as string });
  });
  test.each<[string, Partial<OAuth2ClientCredentials>]>([
    ["a wrong secret", { clientSecret: "wrong" }], ["an unknown client", { clientId: "nobody" }], ["a scope that it does not have", { scope: "hooks:admin" }],
  ])("%s is the client's matter", async (_name, more) => {
    expect(await get({ tokenUrl, clientId: "by basic", clientSecret: "s+e:c r&et=%", scope: "hooks:write", ...more })).toEqual({ ok: false, code: "oauth_client_refused" });
  });
});

const good = (token: string, more: Record<string, unknown> = {}) => ({ access_token: token, token_type: "Bearer", expires_in: 3_600, ...more });

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
    expect(await Promise.all([tokens.get(refused), tokens.get(refused)])).toMatchObject([{ token: "fresh" }, { token: "fresh" }]);
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
    expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({ grant_type: "client_credentials", scope: "a b", audience: "https://hooks.example.com" });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("client:canary%2Dsecret").toString("base64")}`);
    expect(request?.path).not.toContain("canary");
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
    ["a negative life", 200, good("a", { expires_in: -1 }), "oauth_token_unavailable"],
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
    expect(await get()).toEqual({ ok: false, code });
    expect(stub.requests).toHaveLength(1);
  });

  test("nobody there, and a server that never answers, are tried again", async () => {
    expect(await get({ tokenUrl: "http://127.0.0.1:1/token" })).toEqual({ ok: false, code: "oauth_token_unavailable" });
    stub.respond = () => new Promise(() => undefined);
    expect(await createOAuthTokens({ sender }).get({ subscription: subscription(), auth: client(), timeoutMs: 500 })).toEqual({ ok: false, code: "oauth_token_unavailable" });
    await stub.waitFor(1);
  });

  test("the token URL is under the same guard as an endpoint", async () => {
    const guarded = createSender({ guard: createGuard({ allowLocal: false, ports: [443] }) });
    for (const tokenUrl of ["http://127.0.0.1/token", "https://169.254.169.254/token", "https://metadata.google.internal/token"]) {
      expect(await get({ tokenUrl }, createOAuthTokens({ sender: guarded }))).toEqual({ ok: false, code: "oauth_token_url_refused" });
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
