import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Attempt, Delivery } from "../../../src/store/model.js";
import type { SubscriptionHealth } from "../../../src/store/subscription-health.js";
import { BREAKER_SIGNAL, breakerWorkflowId } from "../../../src/workflows/breaker/breaker-contract.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

const MINUTE = 60_000;
let api: RunningApi;
let made = 0;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
});
afterAll(() => api?.close());

/** A delivery with one attempt, so many minutes ago. */
function delivery(of: Tenant, ago: number, attempt: Partial<Attempt>, status: Delivery["status"]): Delivery {
  const at = new Date(Date.now() - ago * MINUTE);
  const eventId = `health-${made++}`;
  return {
    id: `${eventId}.${of.subscriptionId}`,
    eventId,
    subscriptionId: of.subscriptionId,
    groupId: of.groupId,
    eventType: of.eventType,
    status,
    createdAt: at,
    updatedAt: at,
    attemptCount: 1,
    attempts: [{ number: 1, at, outcome: "http_5xx", status: 503, durationMs: 20, ...attempt }],
  };
}
const health = (of: Tenant, key = of.consumerKey) =>
  api.call("GET", `/v1/subscriptions/${of.subscriptionId}/health`, { key });

test("a subscription that nothing was sent to is healthy, with no figures", async () => {
  const tenant = await makeTenant(api, "health.new");
  const answer = await health(tenant);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body).toMatchObject({
    state: "healthy",
    breaker: { state: "closed" },
    hour: { complete: true, attempts: 0 },
    day: { complete: true, attempts: 0 },
    waiting: { pending: 0, retrying: 0, throttled: 0, held: 0 },
    parked: 0,
    waitingExact: true,
  });
  expect(answer.body["hour"]).not.toHaveProperty("successRate");
  expect(answer.body).not.toHaveProperty("lastSuccess");
});

/** What a breaker writes into the record. */
const note = (of: Tenant, recorded: SubscriptionHealth) =>
  api.store.subscriptions.update(of.subscriptionId, (it) => ({ ...it, health: recorded }), { unasked: true });

test("a failing endpoint is shown as its record says, with its rates, what waits and what came last", async () => {
  const tenant = await makeTenant(api, "health.down");
  await api.store.deliveries.insertMany([
    ...Array.from({ length: 30 }, (_, index) =>
      delivery(tenant, 300 + index, { outcome: "delivered", status: 204, durationMs: 8 }, "delivered"),
    ),
    ...Array.from({ length: 10 }, (_, index) => delivery(tenant, 30 + index, {}, "retrying")),
    delivery(tenant, 100, { outcome: "http_4xx", status: 422 }, "parked"),
  ]);
  const [since, nextProbeAt] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
  const breaker = { state: "half_open" as const, openedAt: since, probes: 4, successes: 2 };
  await note(tenant, { state: "failing", since, reason: "None succeeded.", nextProbeAt, breaker });
  const { body } = await health(tenant);
  expect(body).toMatchObject({
    state: "failing",
    since: since.toISOString(),
    reason: "None succeeded.",
    nextProbeAt: nextProbeAt.toISOString(),
    breaker: {
      state: "half_open",
      openedAt: since.toISOString(),
      nextProbeAt: nextProbeAt.toISOString(),
      probes: 4,
      successes: 2,
    },
    hour: { attempts: 10, succeeded: 0, failed: 10, refused: 0, successRate: 0, p50Ms: 20, p95Ms: 20 },
    day: { attempts: 40, succeeded: 30, failed: 10, refused: 1, successRate: 0.75, p50Ms: 8, p95Ms: 20 },
    waiting: { retrying: 10 },
    parked: 1,
    lastSuccess: { outcome: "delivered", status: 204 },
    lastFailure: { outcome: "http_5xx", status: 503 },
  });
});

test("a probe is asked for by who may run it, while the breaker is open, and is on record", async () => {
  const tenant = await makeTenant(api, "health.probe");
  const path = `/v1/subscriptions/${tenant.subscriptionId}/probe`;
  const probe = (key: string) => api.call("POST", path, { key });
  expect(await probe(tenant.consumerKey)).toMatchObject({ status: 409, body: { code: "status_conflict" } });
  await note(tenant, { state: "failing", since: new Date() });
  expect((await probe((await api.key({ role: "auditor" })).token)).status).toBe(403);
  const foreign = await makeTenant(api, "health.foreign");
  expect((await probe(foreign.consumerKey)).status).toBe(404);
  expect(await probe(tenant.consumerKey)).toMatchObject({ status: 202, body: { state: "failing" } });
  const history = await api.client.workflow.getHandle(breakerWorkflowId(tenant.subscriptionId)).fetchHistory();
  const signals = history.events?.flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
  expect(signals).toEqual([BREAKER_SIGNAL.probe]);
  const entries = await api.store.audit.list({ limit: 10 }, { subject: tenant.subscriptionId });
  expect(entries.data.map(({ action }) => action)).toContain("subscription.probe");
});

test("another group's subscription is not found, and every role that reads it sees its health", async () => {
  const [mine, other] = [await makeTenant(api, "health.mine"), await makeTenant(api, "health.other")];
  for (const key of [other.consumerKey, other.providerKey])
    expect(await health(mine, key)).toMatchObject({ status: 404, body: { code: "not_found" } });
  for (const key of [mine.providerKey, (await api.key({ role: "auditor" })).token])
    expect((await health(mine, key)).status).toBe(200);
});

test("a pause is shown as long as it was asked for, if the worker that saved it was ten minutes ahead", async () => {
  const tenant = await makeTenant(api, "health.paused");
  const read = async (): Promise<number> => {
    const { body } = await api.call("GET", `/v1/subscriptions/${tenant.subscriptionId}`, { key: tenant.consumerKey });
    return Date.parse(String(body["throttledUntil"]));
  };
  expect(await read()).toBeNaN();
  const saved = Date.now() + 600_000;
  await api.store.subscriptions.update(tenant.subscriptionId, (it) => ({
    ...it,
    throttledAt: new Date(saved),
    throttledUntil: new Date(saved + MINUTE),
  }));
  const shown = await read();
  expect(shown).toBeLessThanOrEqual(Date.now() + MINUTE);
  expect(shown).toBeGreaterThan(Date.now());
  // The list of deliveries says the same of the next attempt.
  await api.catalogue.refresh();
  const at = new Date(Date.now() + 1_000);
  const waiting = { ...delivery(tenant, 0, {}, "throttled"), nextAttemptAt: at };
  await api.store.deliveries.insertMany([waiting]);
  const { body } = await api.call("GET", `/v1/deliveries/${waiting.id}`, { key: tenant.consumerKey });
  expect(Date.parse(String(body["nextAttemptAt"]))).toBeLessThanOrEqual(Date.now() + MINUTE);
});
