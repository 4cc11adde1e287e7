import http from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createOAuthTokens } from "../../src/endpoint/oauth-tokens.js";
import type { OAuth2ClientCredentials } from "../../src/store/model.js";
import { sender, stub, subscription, client, answer, get, good, setUpOauthTokens } from "./oauth-tokens-setup.js";

setUpOauthTokens();

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
    ["a form by text/plain", "text/plain", "access_token=t&token_type=bearer\n"],
    ["a form without a type", undefined, "token_type=bearer&access_token=t"],
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
  test.each([" t\n", "t\r\n", "Bearer t", "bearer  t"])("without what stands around it: %j", async (token) => {
    answer(200, good(token));
    expect(await get()).toEqual({ ok: true, token: "t" });
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
