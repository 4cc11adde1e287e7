import { beforeEach, describe, expect, test } from "vitest";
import { server, endpoint, lines, deliverWith, subscriptionFor, deliver, setUpRequest } from "./request-setup.js";

setUpRequest();

describe("OAuth2 towards an endpoint that enforces it", () => {
  let issued = 0;
  const valid = new Set<string>();
  const auth = () => ({
    type: "oauth2" as const,
    tokenUrl: server.url,
    clientId: "canary-client",
    clientSecret: "canary-secret",
  });
  beforeEach(() => {
    valid.clear();
    server.respond = ({ headers }) => {
      if (headers.authorization !== `Basic ${Buffer.from("canary%2Dclient:canary%2Dsecret").toString("base64")}`)
        return { status: 401, headers: { "content-type": "application/json" }, body: '{"error":"invalid_client"}' };
      const token = `canary-token-${++issued}`;
      valid.add(token);
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ access_token: token, token_type: "bearer", expires_in: 3_600 }),
      };
    };
    endpoint.respond = ({ headers }) => ({
      status: valid.has(String(headers.authorization).replace(/^Bearer /, "")) ? 204 : 401,
    });
  });

  test("deliveries share a token", async () => {
    const by = deliverWith();
    const subscription = subscriptionFor({ auth: auth() });
    expect(
      (await Promise.all(Array.from({ length: 20 }, () => deliver(subscription, by)))).every(
        ({ status }) => status === "delivered",
      ),
    ).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("a token that was withdrawn is renewed within the same attempt", async () => {
    const by = deliverWith();
    const subscription = subscriptionFor({ auth: auth() });
    await deliver(subscription, by);
    valid.clear();
    const result = await deliver(subscription, by);
    expect(result).toMatchObject({ status: "delivered", attempt: { number: 1, status: 204 } });
    expect([server.requests.length, endpoint.requests.length]).toEqual([2, 3]);
  });

  test("a token server that says when to come again pauses the subscription until then", async () => {
    server.respond = () => ({ status: 429, headers: { "ratelimit-reset": "60" } });
    const before = Date.now();
    const result = await deliver(subscriptionFor({ auth: auth() }));
    expect(result).toMatchObject({
      status: "retrying",
      attempt: { outcome: "oauth_token_unavailable" },
      effect: { kind: "pause" },
    });
    expect("dueAt" in result ? result.dueAt : 0).toBeGreaterThanOrEqual(before + 60_000);
    expect(endpoint.requests).toHaveLength(0);
  });

  test("an endpoint that refuses the new one too is not asked a third time: the delivery is parked", async () => {
    endpoint.respond = () => ({ status: 401 });
    expect(await deliver(subscriptionFor({ auth: auth() }))).toMatchObject({
      status: "parked",
      attempt: { outcome: "http_4xx", status: 401 },
    });
    expect([server.requests.length, endpoint.requests.length]).toEqual([2, 2]);
  });

  test("without a token nothing is sent: a busy server is tried again, a refused client is parked", async () => {
    expect(await deliver(subscriptionFor({ auth: { ...auth(), clientSecret: "wrong" } }))).toMatchObject({
      status: "parked",
      attempt: { outcome: "oauth_client_refused" },
    });
    server.respond = () => ({ status: 503 });
    expect(await deliver(subscriptionFor({ auth: auth() }))).toMatchObject({
      status: "retrying",
      attempt: { outcome: "oauth_token_unavailable" },
    });
    expect(endpoint.requests).toHaveLength(0);
  });

  // Apigee's default answer, and a server that creates a token.
  test.each([
    [200, "BearerToken", "application/json"],
    [201, "Bearer", "text/plain"],
  ])("a token answered as %s %s %s is sent as Bearer", async (status, token_type, contentType) => {
    valid.add("canary-token!x");
    server.respond = () => ({
      status,
      headers: { "content-type": contentType },
      body: JSON.stringify({ access_token: "canary-token!x", token_type, expires_in: "3599" }),
    });
    expect(await deliver(subscriptionFor({ auth: auth() }))).toMatchObject({ status: "delivered" });
    expect(endpoint.requests.at(-1)?.headers.authorization).toBe("Bearer canary-token!x");
  });

  test("the error of the authorization server is named in the reason and in the attempt", async () => {
    server.respond = () => ({ status: 400, body: '{"error":"invalid_scope","error_description":"canary"}' });
    const result = await deliver(subscriptionFor({ auth: auth() }));
    expect(result).toMatchObject({
      status: "parked",
      reason: expect.stringContaining("It answered HTTP 400: invalid_scope.") as string,
    });
    expect(result.attempt?.detail?.hint).toMatch(/^It answered HTTP 400: invalid_scope\. Check client id/);
  });

  test("neither secret nor token is in the record or in the log", async () => {
    const ends = [
      await deliver(subscriptionFor({ auth: auth() })),
      await deliver(subscriptionFor({ auth: { ...auth(), clientSecret: "canary-wrong" } })),
    ];
    expect(JSON.stringify(ends) + lines.join("")).not.toContain("canary");
    expect(ends[0]?.attempt?.detail?.requestHeaders["authorization"]).toBe("(secret)");
  });
});
