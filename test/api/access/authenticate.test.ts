import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { type RunningApi, startApi } from "../running-api.js";
import { api, setUpAuthenticate } from "./authenticate-setup.js";

setUpAuthenticate();

const WRONG_KEYS = 20;

const ask = (authorization?: string, path = "/v1/apis") =>
  api.problem("GET", path, { key: "", ...(authorization !== undefined && { headers: { authorization } }) });

test("every wrong key gets the same 401", async () => {
  const { id, token } = await api.key({ role: "admin" });
  const revoked = await api.key({ role: "admin" });
  expect((await api.call("GET", "/v1/apis", { key: revoked.token })).status).toBe(200);
  expect((await api.call("DELETE", `/v1/api-keys/${revoked.id}`)).status).toBe(204);
  const expired = await api.key({ role: "admin" });
  await api.store.apiKeys.update(expired.id, (key) => ({ ...key, expiresAt: new Date(Date.now() - 1_000) }));
  await api.catalogue.refresh();
  const otherSecret = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
  const wrong = [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer undefined",
    "Bearer [object Object]",
    `Basic ${token}`,
    token,
    `Bearer ${otherSecret}`,
    `Bearer ${token}x`,
    `Bearer ${revoked.token}`,
    `Bearer ${expired.token}`,
    `Bearer sp_key_01K3ZJ8Q5T9V7X2M4N6P8R0S1W_${"A".repeat(43)}`,
    `Bearer sp_${id}_`,
    `Bearer ${"x".repeat(8_000)}`,
    `Bearer ${api.adminKey}x`,
    `Bearer ${api.adminKey.slice(0, -1)}`,
    "Bearer sp___proto___x",
    `Bearer ${token},${token}`,
  ];
  const bodies = new Set<string>();
  for (const header of wrong) {
    const { headers, ...problem } = await ask(header);
    expect(problem, String(header)).toMatchObject({ status: 401, code: "unauthenticated" });
    expect(headers["www-authenticate"]).toBe('Bearer realm="sealpost"');
    bodies.add(JSON.stringify(problem));
  }
  expect(bodies.size).toBe(1);
  expect((await api.call("GET", "/v1/apis", { key: token })).status).toBe(200);
  expect((await api.call("GET", "/v1/apis", { key: "", headers: { authorization: `bearer ${token}` } })).status).toBe(
    200,
  );
});

test("a key in the query is never accepted", async () => {
  for (const name of ["key", "api_key", "access_token", "token", "authorization"]) {
    expect(await ask(undefined, `/v1/apis?${name}=${api.adminKey}`)).toMatchObject({ status: 401 });
  }
  expect(JSON.stringify(api.log)).not.toContain(api.adminKey);
});

test("a key is shown once, and kept only as an HMAC", async () => {
  const { id, token } = await api.key({ role: "admin" });
  const secret = token.slice(-43);
  expect((await api.call("GET", "/v1/api-keys")).text).not.toContain(secret);
  const stored = await api.store.apiKeys.get(id);
  expect(Buffer.from(stored?.hash ?? []).byteLength).toBe(32);
  expect(JSON.stringify(stored)).not.toContain(secret);
  expect(JSON.stringify(api.log)).not.toContain(secret);
});

test("the scope of a key is checked when it is made", async () => {
  const make = (body: object) => api.problem("POST", "/v1/api-keys", { body: { name: "x", ...body } });
  // A connection gives any role to anybody: a key limited to connections would be limited in name only.
  expect(await make({ role: "admin", scopes: ["connections:write"] })).toMatchObject({
    status: 400,
    errors: [{ path: "scopes[0]" }],
  });
  expect(await make({ role: "consumer" })).toMatchObject({ status: 400, errors: [{ path: "groupId" }] });
  expect(await make({ role: "admin", groupId: "grp_01K3ZJ8Q5T9V7X2M4N6P8R0S1W" })).toMatchObject({
    status: 400,
    errors: [{ path: "groupId" }],
  });
  expect(await make({ role: "consumer", groupId: "grp_01K3ZJ8Q5T9V7X2M4N6P8R0S1W" })).toMatchObject({
    status: 422,
    code: "group_unknown",
  });
  expect(await make({ role: "provider", apiIds: ["api_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"] })).toMatchObject({
    status: 422,
    code: "api_unknown",
  });
  expect(await make({ role: "admin", expiresAt: "2001-01-01T00:00:00Z" })).toMatchObject({
    status: 400,
    errors: [{ path: "expiresAt" }],
  });
  expect(await make({ role: "root" })).toMatchObject({ status: 400 });
  expect(await make({ role: "auditor", scopes: ["audit:read", "catalogue:write"] })).toMatchObject({
    status: 400,
    errors: [{ path: "scopes[1]", message: "is no act of this role" }],
  });
  for (const scopes of [[], ["everything"], "audit:read", ["audit:*"]])
    expect(await make({ role: "admin", scopes })).toMatchObject({ status: 400 });
});

test("a key does what its scopes name, and says who made it", async () => {
  const maker = await api.key({ role: "admin" });
  const { body } = await api.call("POST", "/v1/api-keys", {
    key: maker.token,
    body: { name: "reader", role: "admin", scopes: ["keys:read", "keys:read"] },
  });
  expect(body).toMatchObject({ scopes: ["keys:read"], createdBy: `key:${maker.id}` });
  const key = String(body["key"]);
  const { data } = (await api.call<{ data: object[] }>("GET", "/v1/api-keys?limit=2", { key })).body;
  expect(data).toMatchObject([
    { id: body["id"], scopes: ["keys:read"] },
    { id: maker.id, createdBy: "environment" },
  ]);
  expect(await api.problem("GET", "/v1/apis", { key })).toMatchObject({ status: 403, code: "forbidden" });
});

test("a key gives no more than it has itself", async () => {
  const { token: key } = await api.key({ role: "admin", scopes: ["keys:write", "keys:read"] });
  const make = (limits: object) =>
    api.call("POST", "/v1/api-keys", { key, body: { name: "more", role: "admin", ...limits } });
  for (const limits of [{}, { scopes: ["keys:write", "audit:read"] }, { role: "auditor" }])
    expect(await make(limits)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  expect(await make({ scopes: ["keys:read"] })).toMatchObject({ status: 201 });
});

test("many wrong keys from one address get 429, and a good one still passes", async () => {
  const limited = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { wrongKeysPerMinute: WRONG_KEYS },
  });
  try {
    const statuses: number[] = [];
    for (let i = 0; i < WRONG_KEYS + 5; i++)
      statuses.push((await limited.problem("GET", "/v1/apis", { key: `wrong-${i}` })).status);
    expect(statuses).toEqual([...Array.from({ length: WRONG_KEYS }, () => 401), 429, 429, 429, 429, 429]);
    const problem = await limited.problem("GET", "/v1/apis", { key: "wrong" });
    expect(problem).toMatchObject({ code: "too_many_wrong_keys" });
    expect(Number(problem.headers["retry-after"])).toBeGreaterThan(0);
    expect((await limited.call("GET", "/v1/apis")).status).toBe(200);
    // A request without a key is no guess at one.
    expect(await limited.problem("GET", "/v1/apis", { key: "" })).toMatchObject({ status: 401 });
  } finally {
    await limited.close();
  }
});

test("guesses wait, a right key from the same address does not, and few sockets are held", async () => {
  const limited = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { wrongKeysPerMinute: 3 },
  });
  try {
    for (let i = 0; i < 4; i++) await limited.call("GET", "/v1/apis", { key: `wrong-${i}` });
    const order: string[] = [];
    const guesses = Array.from({ length: 30 }, async (_, i) => {
      const answer = await limited.call("GET", "/v1/apis", {
        key: `sp_${newId("key")}_${String(i).padStart(43, "A")}`,
      });
      order.push(answer.headers["connection"] === "close" ? "turned away" : "waited");
      return answer.status;
    });
    const right = limited.call("GET", "/v1/apis").then((answer) => (order.push("right"), answer.status));
    expect(await right).toBe(200);
    expect(new Set(await Promise.all(guesses))).toEqual(new Set([429]));
    expect(order.filter((each) => each !== "right").length).toBe(30);
    expect(order.filter((each) => each === "waited").length).toBeLessThanOrEqual(8);
    // Guesses still wait when the right key, which was sent last, is answered.
    expect(order.lastIndexOf("waited")).toBeGreaterThan(order.indexOf("right"));
  } finally {
    await limited.close();
  }
});

test("a key above its rate gets 429 with RateLimit headers, the environment's key none", async () => {
  const limited = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { requestsPerSecond: 3 },
  });
  try {
    const { token } = await limited.key({ role: "admin" });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => limited.call("GET", "/v1/apis", { key: token })),
    );
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter((answer) => answer.status === 200).length).toBeGreaterThanOrEqual(3);
    expect(refused[0]).toMatchObject({
      body: { code: "rate_limited" },
      headers: { "ratelimit-policy": '"key";q=3;w=1', "retry-after": "1" },
    });
  } finally {
    await limited.close();
  }
});

describe("behind a proxy", () => {
  let behind: RunningApi;
  beforeAll(async () => {
    behind = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      settings: { wrongKeysPerMinute: 3 },
      trustedProxies: ["127.0.0.1", "10.0.0.0/8"],
    });
  });
  afterAll(() => behind?.close());
  // Each guess is at another key id, so that the address alone is counted.
  const guess = async (forwarded: string) =>
    (
      await behind.call("GET", "/v1/apis", {
        key: `sp_${newId("key")}_${"A".repeat(43)}`,
        headers: { "x-forwarded-for": forwarded },
      })
    ).status;

  test(
    "wrong keys are counted by the client that the proxy names, whatever the client itself wrote " +
      "to the left of it",
    async () => {
      for (const status of [401, 401, 401, 429]) expect(await guess(`${Math.random()}, 203.0.113.7`)).toBe(status);
      // One /64 is one client, however its addresses are written.
      for (const [index, status] of [401, 401, 401, 429].entries())
        expect(
          await guess(["2001:db8::1", "2001:db8:0:0:7::2", "2001:db8:0:0:1:2:3:4", "2001:db8::ffff:1"][index] ?? ""),
        ).toBe(status);
      expect(await guess("203.0.113.8, 203.0.113.7, 10.1.2.3")).toBe(429);
      expect(await guess("203.0.113.7, 203.0.113.8")).toBe(401);
    },
  );
});
