import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createCertificateAuthority, issueChain } from "../../support/certificates.js";
import { bucketWorkflowId, SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { collectSignals, makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "payments");
});
afterAll(() => api?.close());

const input = (more: Record<string, unknown> = {}) => ({
  groupId: tenant.groupId,
  url: "https://8.8.8.8/hook",
  eventTypes: [tenant.eventType],
  ...more,
});
const create = async (more: Record<string, unknown> = {}) => {
  const answer = await api.call("POST", "/v1/subscriptions", { body: input(more) });
  expect(answer.status, answer.text).toBe(201);
  return { ...(answer.body as { id: string; secret: string }), answer };
};

const patterned = (bytes: Buffer): string => `whsec_${bytes.toString("base64")}`;

describe("secrets", () => {
  test(
    "the query of a URL is shown whole to who may change the subscription, and masked to " + "everybody else",
    async () => {
      const auth = {
        type: "oauth2",
        tokenUrl: "https://8.8.8.8/token?tenant=canary-2",
        clientId: "us",
        clientSecret: "canary-3",
      };
      const { id } = await create({ url: "https://8.8.8.8/hook?token=canary-1", auth });
      const keyOf = async (role: string, more: Record<string, unknown> = {}) =>
        (await api.key({ role, ...more })).token;
      for (const key of [api.adminKey, tenant.consumerKey, tenant.providerKey]) {
        expect((await api.call("GET", `/v1/subscriptions/${id}`, { key })).body).toMatchObject({
          url: "https://8.8.8.8/hook?token=canary-1",
          auth: { tokenUrl: auth.tokenUrl },
        });
      }
      for (const key of [
        await keyOf("auditor"),
        await keyOf("operator"),
        await keyOf("consumer", { groupId: tenant.groupId, scopes: ["subscriptions:read"] }),
      ]) {
        expect((await api.call("GET", `/v1/subscriptions/${id}`, { key })).body).toMatchObject({
          url: "https://8.8.8.8/hook?(secret)",
          auth: { tokenUrl: "https://8.8.8.8/token?(secret)" },
        });
        expect((await api.call("GET", "/v1/subscriptions?limit=250", { key })).text).not.toContain("canary");
      }
      const reason = "moves to https://user:canary-4@8.8.8.8/hook?token=canary-5, says its owner";
      const paused = await api.call("POST", `/v1/subscriptions/${id}/pause`, {
        key: await keyOf("operator"),
        body: { reason },
      });
      expect(paused.body).toMatchObject({ statusReason: "moves to https://8.8.8.8/hook?(secret) says its owner" });
      expect(paused.text).not.toContain("canary");
      expect((await api.call("GET", "/v1/audit?limit=250")).text + JSON.stringify(api.log)).not.toContain("canary");
    },
  );

  test("the signing secret is shown at creation and at rotation, and never again", async () => {
    const { id, secret } = await create();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    for (const path of [`/v1/subscriptions/${id}`, "/v1/subscriptions", "/v1/audit"])
      expect((await api.call("GET", path)).text).not.toContain(secret.slice(8));
    expect((await api.call("GET", `/v1/subscriptions/${id}`)).body["secrets"]).toMatchObject([
      { prefix: `${secret.slice(0, 8)}…` },
    ]);

    const rotated = await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`, { body: { overlapSeconds: 600 } });
    const next = String(rotated.body["secret"]);
    expect(rotated.status).toBe(200);
    expect(next).not.toBe(secret);
    const stored = await api.store.subscriptions.get(id);
    expect(stored?.secrets.map((each) => [each.secret, each.expiresAt === undefined])).toEqual([
      [next, true],
      [secret, false],
    ]);
    expect((await api.call("GET", `/v1/subscriptions/${id}`)).text).not.toContain(next.slice(8));
  });

  test("rotation without an overlap ends the old secret, and at most three stay", async () => {
    const { id } = await create();
    for (let i = 0; i < 4; i++) await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`);
    expect((await api.store.subscriptions.get(id))?.secrets).toHaveLength(3);
    const last = await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`, { body: { overlapSeconds: 0 } });
    expect((await api.store.subscriptions.get(id))?.secrets.map((each) => each.secret)).toEqual([last.body["secret"]]);
  });

  test("an own secret is taken as it is, a weak one is refused", async () => {
    const own = `whsec_${randomBytes(32).toString("base64")}`;
    expect((await create({ signing: { secret: own } })).secret).toBe(own);
    for (const weak of [
      "whsec_AA==",
      "my-own-words",
      "whsec_!!!",
      patterned(Buffer.alloc(32)),
      patterned(Buffer.alloc(24, "a")),
      `whsec_${"a".repeat(32)}`,
      patterned(Buffer.alloc(32, randomBytes(16))),
      patterned(Buffer.from(Array.from({ length: 32 }, (_, i) => i))),
    ]) {
      const problem = await api.problem("POST", "/v1/subscriptions", { body: input({ signing: { secret: weak } }) });
      expect(problem).toMatchObject({
        status: 422,
        code: "signing_secret_refused",
        errors: [{ path: "signing.secret" }],
      });
      expect(JSON.stringify(problem.errors)).not.toContain(weak);
    }
  });

  test("passwords, API-key values and private keys are never shown or logged", async () => {
    const authority = await createCertificateAuthority();
    const { cert, key } = await authority.issue({ usage: "client" });
    const basic = await create({
      auth: { type: "basic", username: "u", password: "pass-word-1" },
      tls: { clientCert: cert, clientKey: key, ca: authority.ca },
    });
    const header = await create({ auth: { type: "api_key", header: "X-Api-Key", value: "value-word-2" } });
    const seen = [
      basic.answer.text,
      header.answer.text,
      (await api.call("GET", "/v1/subscriptions")).text,
      (await api.call("GET", "/v1/audit")).text,
      JSON.stringify(api.log),
    ].join("\n");
    const privateLine = key.split("\n")[1] ?? "never";
    for (const secret of [
      "pass-word-1",
      "value-word-2",
      privateLine,
      basic.secret.slice(6),
      tenant.consumerKey.slice(40),
    ]) {
      const text = secret === basic.secret.slice(6) ? seen.replace(basic.answer.text, "") : seen;
      expect(text).not.toContain(secret);
    }
    expect((await api.call("GET", `/v1/subscriptions/${basic.id}`)).body).toMatchObject({
      auth: { type: "basic", username: "u" },
      tls: { hasClientKey: true, clientCert: cert },
    });
    expect((await api.store.subscriptions.get(basic.id))?.auth).toEqual({
      type: "basic",
      username: "u",
      password: "pass-word-1",
    });
  });
});

test.each<[string, Record<string, unknown>, number, string, string]>([
  ["a private address", { url: "https://127.0.0.1/hook" }, 422, "target_refused", "url"],
  ["the metadata service", { url: "https://169.254.169.254/latest" }, 422, "target_refused", "url"],
  ["http", { url: "http://8.8.8.8/hook" }, 422, "target_refused", "url"],
  ["a file URL", { url: "file:///etc/passwd" }, 400, "invalid_request", "url"],
  ["a line break in the URL", { url: "https://8.8.8.8/\r\nx" }, 400, "invalid_request", "url"],
  ["an event type that is not granted", { eventTypes: ["no.such"] }, 422, "event_type_not_granted", "eventTypes[0]"],
  [
    "101 event types",
    { eventTypes: Array.from({ length: 101 }, (_, i) => `a.b${i}`) },
    400,
    "invalid_request",
    "eventTypes",
  ],
  ["no event type", { eventTypes: [] }, 400, "invalid_request", "eventTypes"],
  ["a rate of nothing", { rateLimit: { perSecond: 0.001, burst: 1 } }, 400, "invalid_request", "rateLimit.perSecond"],
  ["a burst of none", { rateLimit: { perSecond: 1, burst: 0 } }, 400, "invalid_request", "rateLimit.burst"],
  [
    "51 steps",
    { retry: { scheduleSeconds: Array.from({ length: 51 }, () => 1) } },
    400,
    "invalid_request",
    "retry.scheduleSeconds",
  ],
  ["a time-out of a minute", { retry: { timeoutMs: 60_000 } }, 400, "invalid_request", "retry.timeoutMs"],
  [
    "a reserved header",
    { auth: { type: "api_key", header: "Webhook-Signature", value: "x" } },
    400,
    "invalid_request",
    "auth.header",
  ],
  [
    "a header that the sender sets",
    { auth: { type: "api_key", header: "Accept-Encoding", value: "x" } },
    400,
    "invalid_request",
    "auth.header",
  ],
  ["the Host header", { auth: { type: "api_key", header: "host", value: "x" } }, 400, "invalid_request", "auth.header"],
  [
    "a header name with a space",
    { auth: { type: "api_key", header: "a b", value: "x" } },
    400,
    "invalid_request",
    "auth.header",
  ],
  [
    "a header value with a line break",
    { auth: { type: "api_key", header: "x-a", value: "x\r\ny: z" } },
    400,
    "invalid_request",
    "auth.value",
  ],
  [
    "a user name with a colon",
    { auth: { type: "basic", username: "a:b", password: "x" } },
    400,
    "invalid_request",
    "auth.username",
  ],
  [
    "a certificate without its key",
    { tls: { clientCert: "-----BEGIN CERTIFICATE-----" } },
    422,
    "tls_refused",
    "tls.clientCert",
  ],
  ["a CA that is none", { tls: { ca: "nonsense" } }, 422, "tls_refused", "tls.ca"],
  ["TLS 1.1", { tls: { minVersion: "TLSv1.1" } }, 400, "invalid_request", "tls.minVersion"],
  ["a name with NUL", { name: "a\u0000b" }, 400, "invalid_request", "name"],
  ["a name with a lone surrogate", { name: "a\ud800" }, 400, "invalid_request", "name"],
  ["a name with ANSI", { name: "a\u001b[31m" }, 400, "invalid_request", "name"],
  ["an unknown member", { colour: "red" }, 400, "invalid_request", "colour"],
  ["an unknown member below", { rateLimit: { perSecond: 1, burst: 1, x: 1 } }, 400, "invalid_request", "rateLimit.x"],
])("refused: %s", async (_name, more, status, code, path) => {
  expect(await api.problem("POST", "/v1/subscriptions", { body: input(more) })).toMatchObject({
    status,
    code,
    errors: [{ path }],
  });
});

test("PEM is taken as people have it, and one file with key and certificate never shows the key", async () => {
  const authority = await createCertificateAuthority();
  const { intermediate, leaf } = await issueChain(authority);
  const asSaved = { clientCert: leaf.cert + intermediate.cert, ca: authority.ca };
  const haproxy = leaf.cert + intermediate.cert + leaf.key;
  const windows = (text: string) => `\ufeff${text.trimEnd().replaceAll("\n", "\r\n")}`;
  for (const tls of [
    { clientCert: windows(haproxy), clientKey: windows(haproxy), ca: windows(authority.ca) },
    { clientCert: haproxy.replaceAll(/^/gm, "  "), ca: authority.ca.replaceAll(/^/gm, "\t") },
    {
      clientCert: leaf.cert + intermediate.cert,
      clientKey: leaf.key.trimEnd(),
      ca: `subject=CN = größe\n${authority.ca}`,
    },
  ]) {
    const { id, answer } = await create({ tls });
    expect(answer.body).toMatchObject({ tls: { ...asSaved, hasClientKey: true } });
    expect(answer.text).not.toContain("PRIVATE KEY");
    expect((await api.store.subscriptions.get(id))?.tls).toEqual({ ...asSaved, clientKey: leaf.key });
  }
  const problem = await api.problem("POST", "/v1/subscriptions", { body: input({ tls: { ca: intermediate.cert } }) });
  expect(problem).toMatchObject({
    status: 422,
    code: "tls_refused",
    errors: [{ path: "tls.ca", message: expect.stringMatching(/intermediate.*Give the root certificate/) as string }],
  });
  const { id } = await create();
  expect(
    await api.problem("PATCH", `/v1/subscriptions/${id}`, {
      body: { tls: { clientCert: leaf.cert, clientKey: (await authority.issue()).key } },
    }),
  ).toMatchObject({
    code: "tls_refused",
    errors: [{ path: "tls.clientKey", message: expect.stringMatching(/does not belong/) as string }],
  });
  expect((await api.store.subscriptions.get(id))?.tls).toBeUndefined();
});

test("a change replaces fields, null removes them, and the others stay", async () => {
  const { id } = await create({ name: "first", rateLimit: { perSecond: 5, burst: 5 } });
  const bucket = await collectSignals(api, WORKFLOW.tokenBucket, bucketWorkflowId(id));
  const changed = await api.call("PATCH", `/v1/subscriptions/${id}`, {
    body: { name: null, rateLimit: { perSecond: 0.5, burst: 1 } },
  });
  expect(changed).toMatchObject({
    status: 200,
    body: { rateLimit: { perSecond: 0.5, burst: 1 }, eventTypes: [tenant.eventType] },
  });
  expect(changed.body).not.toHaveProperty("name");
  expect(await bucket()).toEqual([SIGNAL.configure]);
  expect(api.catalogue.subscription(id)?.rateLimit?.perSecond).toBe(0.5);
  expect(await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: {} })).toMatchObject({ status: 400 });
  expect(await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: { url: "https://10.0.0.1/" } })).toMatchObject({
    code: "target_refused",
  });
  expect(await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: { groupId: tenant.groupId } })).toMatchObject({
    status: 400,
  });
});

test("what waits for a subscription looks again after each change of it", async () => {
  const { id } = await create();
  const workflowId = `retry/api-test/${id}`;
  const now = new Date();
  await api.store.deliveries.insertMany([
    {
      id: `evt-held.${id}`,
      eventId: "evt-held",
      subscriptionId: id,
      groupId: tenant.groupId,
      eventType: tenant.eventType,
      status: "held",
      createdAt: now,
      updatedAt: now,
      attemptCount: 0,
      attempts: [],
      workflowId,
    },
  ]);
  const signals = await collectSignals(api, WORKFLOW.retryDelivery, workflowId);
  for (const [index, act] of (["pause", "resume", "secret/rotate"] as const).entries()) {
    expect((await api.call("POST", `/v1/subscriptions/${id}/${act}`)).status).toBe(200);
    expect(await signals(), act).toHaveLength(index + 1);
  }
  expect((await api.call("PATCH", `/v1/subscriptions/${id}`, { body: { url: "https://8.8.4.4/hook" } })).status).toBe(
    200,
  );
  expect((await api.call("DELETE", `/v1/subscriptions/${id}`)).status).toBe(204);
  expect(await signals()).toEqual(Array.from({ length: 5 }, () => SIGNAL.wake));
});

test("pause, resume, test event, delete", async () => {
  const { id } = await create();
  expect(await api.call("POST", `/v1/subscriptions/${id}/pause`)).toMatchObject({
    status: 200,
    body: { status: "paused" },
  });
  expect(api.catalogue.subscription(id)?.status).toBe("paused");
  const resumed = await api.call("POST", `/v1/subscriptions/${id}/resume`, { body: {} });
  expect(resumed).toMatchObject({ status: 200, body: { status: "active" } });
  expect(resumed.body).not.toHaveProperty("statusReason");
  expect(await api.problem("POST", `/v1/subscriptions/${id}/pause`, { body: { x: 1 } })).toMatchObject({ status: 400 });
  expect(await api.call("POST", `/v1/subscriptions/${id}/test`, { key: tenant.consumerKey })).toMatchObject({
    status: 202,
    body: { duplicate: false },
  });
  expect((await api.call("DELETE", `/v1/subscriptions/${id}`)).status).toBe(204);
  expect(await api.problem("GET", `/v1/subscriptions/${id}`)).toMatchObject({ status: 404 });
  const acts = (
    await api.call<{ data: { action: string; subject: string; actor: string }[] }>("GET", "/v1/audit?limit=250")
  ).body.data.filter((entry) => entry.subject === id);
  expect(acts.map((entry) => entry.action)).toEqual([
    "subscription.delete",
    "subscription.test",
    "subscription.resume",
    "subscription.pause",
    "subscription.create",
  ]);
  expect(acts[1]?.actor).toMatch(/^key:key_/);
  expect(acts[0]?.actor).toBe("environment");
});

test("what something depends on cannot be deleted", async () => {
  for (const path of [
    `/v1/apis/${tenant.apiId}`,
    `/v1/event-types/${tenant.eventType}`,
    `/v1/groups/${tenant.groupId}`,
  ]) {
    expect(await api.problem("DELETE", path)).toMatchObject({ status: 409, code: "in_use" });
  }
  const { body } = await api.call("POST", "/v1/apis", { body: { name: "unused" } });
  expect((await api.call("DELETE", `/v1/apis/${String(body["id"])}`)).status).toBe(204);
  expect(
    await api.problem("POST", "/v1/event-types", { body: { name: tenant.eventType, apiId: tenant.apiId } }),
  ).toMatchObject({ status: 409, code: "name_taken" });
});

test("lists page without gap or repetition, and a foreign cursor is refused", async () => {
  for (let i = 0; i < 5; i++) await create();
  const seen: string[] = [];
  let path = "/v1/subscriptions?limit=2";
  for (;;) {
    const { body } = await api.call<{ data: { id: string }[]; next: string | null }>("GET", path, {
      key: tenant.consumerKey,
    });
    seen.push(...body.data.map((each) => each.id));
    if (body.next === null) break;
    path = `/v1/subscriptions?limit=2&cursor=${body.next}`;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBe((await api.store.subscriptions.all()).length);
  for (const cursor of ["nonsense", "eyJ9", Buffer.from('[1,{"$gt":""}]').toString("base64url")]) {
    expect(await api.problem("GET", `/v1/subscriptions?cursor=${cursor}`)).toMatchObject({
      status: 400,
      errors: [{ path: "query.cursor" }],
    });
  }
});

test("a consumer's own retry schedule has a floor; what is saved already goes on", async () => {
  const make = (key: string, retry: object) =>
    api.call("POST", "/v1/subscriptions", {
      key,
      body: { url: "https://8.8.8.8/floor", groupId: tenant.groupId, eventTypes: [tenant.eventType], retry },
    });
  const short = (count: number, seconds = 1): number[] => Array.from({ length: count }, () => seconds);
  for (const retry of [
    { scheduleSeconds: [0] },
    { scheduleSeconds: [5, 0.5] },
    { scheduleSeconds: short(21) },
    { scheduleSeconds: [1], maxAttempts: 22 },
    { scheduleSeconds: [3_600, 59.9], maxAttempts: 100 },
    { scheduleSeconds: short(50, 59) },
  ]) {
    const answer = await make(tenant.consumerKey, retry);
    expect(answer, JSON.stringify(retry)).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: [{ path: expect.stringMatching(/^retry\.scheduleSeconds/) as string }] },
    });
  }
  for (const retry of [
    { scheduleSeconds: short(20) },
    { scheduleSeconds: [1], maxAttempts: 21 },
    { scheduleSeconds: [1, 60], maxAttempts: 100 },
    { maxAttempts: 100 },
    { scheduleSeconds: short(50, 60) },
  ]) {
    expect((await make(tenant.consumerKey, retry)).status, JSON.stringify(retry)).toBe(201);
  }
  const before = { scheduleSeconds: [0, 0.1], maxAttempts: 50 };
  const { status, body } = await make(api.adminKey, before);
  expect(status).toBe(201);
  const change = (fields: object) =>
    api.call("PATCH", `/v1/subscriptions/${String(body["id"])}`, { key: tenant.consumerKey, body: fields });
  expect(await change({ name: "renamed" })).toMatchObject({ status: 200, body: { retry: before } });
  expect(await change({ retry: { ...before, timeoutMs: 5_000 } })).toMatchObject({ status: 200 });
  expect(await change({ retry: { ...before, maxAttempts: 60 } })).toMatchObject({ status: 400 });
  expect(await change({ retry: { scheduleSeconds: [0] } })).toMatchObject({ status: 400 });
  expect(await change({ retry: { scheduleSeconds: [1, 5] } })).toMatchObject({ status: 200 });
});
