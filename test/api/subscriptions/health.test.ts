import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Attempt, Delivery } from "../../../src/store/model.js";
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
    hour: { complete: true, attempts: 0 },
    day: { complete: true, attempts: 0 },
    waiting: { pending: 0, retrying: 0, throttled: 0, held: 0, parked: 0 },
    waitingExact: true,
  });
  expect(answer.body["hour"]).not.toHaveProperty("successRate");
  expect(answer.body).not.toHaveProperty("lastSuccess");
});

test("an endpoint that is down is failing, with its rates, what waits and what came last", async () => {
  const tenant = await makeTenant(api, "health.down");
  await api.store.deliveries.insertMany([
    ...Array.from({ length: 30 }, (_, index) =>
      delivery(tenant, 300 + index, { outcome: "delivered", status: 204, durationMs: 8 }, "delivered"),
    ),
    ...Array.from({ length: 10 }, (_, index) => delivery(tenant, 30 + index, {}, "retrying")),
    delivery(tenant, 100, { outcome: "http_4xx", status: 422 }, "parked"),
  ]);
  const { body } = await health(tenant);
  expect(body).toMatchObject({
    state: "failing",
    reason: "None of the last 10 attempts succeeded, over 9 minutes.",
    hour: { attempts: 10, succeeded: 0, failed: 10, refused: 0, successRate: 0, p50Ms: 20, p95Ms: 20 },
    day: { attempts: 40, succeeded: 30, failed: 10, refused: 1, successRate: 0.75, p50Ms: 8, p95Ms: 20 },
    waiting: { retrying: 10, parked: 1 },
    lastSuccess: { outcome: "delivered", status: 204 },
    lastFailure: { outcome: "http_5xx", status: 503 },
  });
});

test("an old delivery that succeeds late counts, so that an endpoint is healthy again", async () => {
  const tenant = await makeTenant(api, "health.back");
  const old = (ago: number, last: Attempt): Delivery => {
    const from = delivery(tenant, ago, {}, "retrying");
    return { ...from, attempts: [...from.attempts, last], attemptCount: 2 };
  };
  const minutesAgo = (ago: number) => new Date(Date.now() - ago * MINUTE);
  const failed = Array.from({ length: 12 }, (_, index) =>
    old(3_000 + index, { number: 2, at: minutesAgo(60 - index), outcome: "http_5xx", status: 503, durationMs: 9 }),
  );
  await api.store.deliveries.insertMany(failed);
  expect((await health(tenant)).body).toMatchObject({ state: "failing" });
  const success: Attempt = { number: 2, at: minutesAgo(1), outcome: "delivered", status: 200, durationMs: 9 };
  await api.store.deliveries.insertMany([{ ...old(3_100, success), status: "delivered" }]);
  expect((await health(tenant)).body).toMatchObject({ state: "healthy", lastSuccess: { status: 200 } });
});

test("another group's subscription is not found, and every role that reads it sees its health", async () => {
  const [mine, other] = [await makeTenant(api, "health.mine"), await makeTenant(api, "health.other")];
  for (const key of [other.consumerKey, other.providerKey])
    expect(await health(mine, key)).toMatchObject({ status: 404, body: { code: "not_found" } });
  for (const key of [mine.providerKey, (await api.key({ role: "auditor" })).token])
    expect((await health(mine, key)).status).toBe(200);
});
