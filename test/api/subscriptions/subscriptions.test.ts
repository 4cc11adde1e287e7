import { expect, test } from "vitest";
import { bucketWorkflowId, SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { collectSignals } from "../running-api.js";
import { api, tenant, input, create, setUpSubscriptions } from "./subscriptions-setup.js";

setUpSubscriptions();

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
  expect(changed.body).toMatchObject({ name: "8.8.8.8" });
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
