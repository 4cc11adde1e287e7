import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import type { CertificateFacts, Delivery } from "../../../src/store/model.js";
import { SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { collectSignals, makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let made = 0;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "payments");
});
afterAll(() => api?.close());

async function insert(more: Partial<Delivery> = {}): Promise<Delivery> {
  const createdAt = new Date(Date.UTC(2026, 10, 1) + made++ * 60_000);
  const eventId = `evt-${made}`;
  const delivery: Delivery = {
    id: `${eventId}.${tenant.subscriptionId}`,
    eventId,
    subscriptionId: tenant.subscriptionId,
    groupId: tenant.groupId,
    eventType: tenant.eventType,
    status: "parked",
    createdAt,
    updatedAt: createdAt,
    attemptCount: 1,
    reason: "The consumer answered 422.",
    attempts: [
      {
        number: 1,
        at: createdAt,
        outcome: "refused",
        status: 422,
        durationMs: 12.5,
        detail: {
          url: "https://8.8.8.8/hook",
          requestHeaders: { "webhook-id": eventId },
          responseBody: "<img src=x onerror=alert(1)>",
          responseBodyEncoding: "utf8",
          hint: "Look at the body.",
        },
      },
    ],
    ...more,
  };
  await api.store.deliveries.insertMany([delivery]);
  return delivery;
}

test("a delivery is read with its attempts, as JSON that no browser takes for a page", async () => {
  const delivery = await insert();
  const answer = await api.call("GET", `/v1/deliveries/${delivery.id}`, { key: tenant.consumerKey });
  expect(answer).toMatchObject({
    status: 200,
    headers: { "content-type": "application/json", "x-content-type-options": "nosniff" },
  });
  expect(answer.body).toMatchObject({
    id: delivery.id,
    status: "parked",
    reason: delivery.reason,
    attempts: [
      { number: 1, status: 422, detail: { responseBody: "<img src=x onerror=alert(1)>", hint: "Look at the body." } },
    ],
  });
});

test("what the endpoint showed in a handshake that failed is read with its attempt, and is no auditor's", async () => {
  const certificate: CertificateFacts = {
    subject: "CN=hooks.example.com",
    issuer: "CN=Acme CA",
    serial: "0a1b",
    names: ["hooks.example.com"],
    notBefore: "2025-01-01T00:00:00.000Z",
    notAfter: "2026-01-01T00:00:00.000Z",
    sha256: "ab".repeat(32),
  };
  const timings = { dns: 1.5, connect: 2, tls: 30.1, total: 33.6 };
  const detail = { url: "https://hooks.example.com/", requestHeaders: {}, timings, certificates: [certificate] };
  const attempt = { number: 1, at: new Date(), outcome: "tls_expired", durationMs: 34, detail };
  const { id } = await insert({ status: "retrying", attempts: [attempt] });
  const read = async (key: string) =>
    (await api.call<{ attempts: [{ detail?: object }] }>("GET", `/v1/deliveries/${id}`, { key })).body.attempts[0];
  expect((await read(tenant.consumerKey)).detail).toEqual(detail);
  expect(await read((await api.key({ role: "auditor" })).token)).not.toHaveProperty("detail");
});

test("an auditor sees that and how it was attempted, and nothing of what was sent or answered", async () => {
  const { token } = await api.key({ role: "auditor" });
  const eventId = newId("evt");
  expect(
    (
      await api.call("POST", "/v1/events", {
        key: tenant.providerKey,
        body: { type: tenant.eventType, id: eventId, data: { canary: "4111" } },
      })
    ).status,
  ).toBe(202);
  const delivery = await insert({ id: `${eventId}.${tenant.subscriptionId}`, eventId });
  const whole = await api.call("GET", `/v1/deliveries/${delivery.id}`, { key: tenant.consumerKey });
  expect(whole.body).toMatchObject({
    payload: { body: '{"canary":"4111"}' },
    attempts: [{ detail: { responseBody: expect.any(String) as string } }],
  });
  const { body, text } = await api.call("GET", `/v1/deliveries/${delivery.id}`, { key: token });
  expect(body).toMatchObject({
    id: delivery.id,
    status: "parked",
    attempts: [{ number: 1, outcome: "refused", status: 422 }],
  });
  for (const content of ["4111", "onerror", "requestHeaders", "payload"]) expect(text).not.toContain(content);
});

test("the URL of an attempt is shown whole only to who may change the subscription", async () => {
  const delivery = await insert({
    attempts: [
      {
        number: 1,
        at: new Date(),
        outcome: "http_4xx",
        status: 422,
        durationMs: 1,
        detail: { url: "https://8.8.8.8/hook?token=canary", requestHeaders: {} },
      },
    ],
  });
  const seenBy = async (key: string) => (await api.call("GET", `/v1/deliveries/${delivery.id}`, { key })).text;
  expect(await seenBy(tenant.consumerKey)).toContain("https://8.8.8.8/hook?token=canary");
  const masked = await seenBy((await api.key({ role: "operator" })).token);
  expect(masked).toContain("https://8.8.8.8/hook?(secret)");
  expect(masked).not.toContain("canary");
});

test("the list filters by status, type, subscription, event and time", async () => {
  const first = await insert({ status: "delivered" });
  const second = await insert({ status: "exhausted" });
  const ids = async (query: string) =>
    (
      await api.call<{ data: { id: string }[] }>("GET", `/v1/deliveries?${query}`, { key: tenant.consumerKey })
    ).body.data.map((each) => each.id);
  expect(await ids("status=delivered")).toEqual([first.id]);
  expect(await ids("status=exhausted,delivered")).toEqual([second.id, first.id]);
  expect(await ids(`eventId=${second.eventId}`)).toEqual([second.id]);
  expect(await ids(`since=${first.createdAt.toISOString()}&until=${second.createdAt.toISOString()}`)).toEqual([
    first.id,
  ]);
  expect(
    await ids(
      `eventType=${tenant.eventType}&subscriptionId=${tenant.subscriptionId}&status=delivered&groupId=${tenant.groupId}`,
    ),
  ).toEqual([first.id]);
  for (const wrong of ["status=lost", "status=parked,", "since=yesterday", "eventId=a%20b", "subscriptionId=x"]) {
    expect(await api.problem("GET", `/v1/deliveries?${wrong}`)).toMatchObject({ status: 400 });
  }
});

test("resend and cancel reach the workflow that looks after the delivery, and say who asked", async () => {
  const workflowId = `retry/api-test/${tenant.subscriptionId}`;
  const delivery = await insert({ workflowId });
  const signals = await collectSignals(api, WORKFLOW.retryDelivery, workflowId);
  expect((await api.call("POST", `/v1/deliveries/${delivery.id}/resend`, { key: tenant.consumerKey })).status).toBe(
    202,
  );
  expect((await api.call("POST", `/v1/deliveries/${delivery.id}/cancel`, { key: tenant.consumerKey })).status).toBe(
    202,
  );
  expect(await signals()).toEqual([SIGNAL.retry, SIGNAL.cancel]);
  const acts = (
    await api.call<{ data: { action: string; actor: string }[] }>("GET", `/v1/audit?subject=${delivery.id}`)
  ).body.data;
  expect(acts).toMatchObject([{ action: "delivery.cancel" }, { action: "delivery.resend" }]);
  expect(acts[0]?.actor).toMatch(/^key:key_/);
});

test("a settled delivery is not cancelled", async () => {
  const delivery = await insert({ status: "delivered" });
  expect(await api.problem("POST", `/v1/deliveries/${delivery.id}/cancel`)).toMatchObject({
    status: 409,
    code: "delivery_settled",
  });
});

test("an event is read with its deliveries", async () => {
  // Another run on the same engine may have used any fixed id.
  const id = newId("evt");
  const { body } = await api.call("POST", "/v1/events", {
    key: tenant.providerKey,
    body: { type: tenant.eventType, id, data: { a: 1 } },
  });
  expect(body).toEqual({ id, duplicate: false });
  const delivery = await insert({ id: `${id}.${tenant.subscriptionId}`, eventId: id });
  expect((await api.call("GET", `/v1/events/${id}`, { key: tenant.providerKey })).body).toMatchObject({
    id,
    type: tenant.eventType,
    size: 7,
    deliveries: [{ id: delivery.id, status: "parked" }],
  });
  expect((await api.call("GET", `/v1/events?type=${tenant.eventType}`)).body).toMatchObject({
    data: [{ id }, {}],
    next: null,
  });
});
