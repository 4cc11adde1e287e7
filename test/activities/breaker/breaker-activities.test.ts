import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Subscription } from "../../../src/store/model.js";
import { BREAKER_SIGNAL, breakerWorkflowId } from "../../../src/workflows/breaker/breaker-contract.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

/** So long that no probe goes by itself within a test, unless it is asked for. */
const timing = { probeMs: 600_000, maxProbeMs: 600_000, rampMs: 1_000, tickMs: 500, knownMs: 2_500, dayMs: 3_000 };
let running: RunningWorker;
beforeAll(async () => {
  running = await startRunningWorker({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    breakers: { timing, disableAfterDays: 0 },
  });
}, 240_000);
afterAll(() => running?.close());

const healthOf = (id: string) => running.catalogue.subscription(id)?.health;
const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1_200) throw new Error(`not seen: ${what}`);
    await delay(100);
  }
};
const probe = ({ id }: Subscription) =>
  running.client.workflow.getHandle(breakerWorkflowId(id)).signal(BREAKER_SIGNAL.probe);
const only = ([first]: Subscription[]): Subscription => {
  if (!first) throw new Error("no subscription");
  return first;
};
const listed = async (subscriptionId: string, limit = 250) =>
  (await running.store.deliveries.list({ limit }, { subscriptionId })).data;

test("an endpoint that is down for 200 events gets probes only, and then all of them, none parked", async () => {
  let down = true;
  const receiver = await running.receive({ respond: () => ({ status: down ? 503 : 204 }) });
  const { eventType, subscriptions } = await running.subscribe([receiver.url]);
  const subscription = only(subscriptions);
  const publish = (count: number, from: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => running.publish(eventType, { n: from + index })));
  await publish(60, 0);
  await until("failing", () => healthOf(subscription.id)?.state === "failing");
  const opened = healthOf(subscription.id);
  expect(opened).toMatchObject({ breaker: { state: "open", probes: 0, successes: 0 } });
  expect(opened?.reason).toMatch(/^0 of the \d+ attempts of the last 15 minutes succeeded\.$/);
  await publish(140, 60);
  await until("all wait", async () => (await listed(subscription.id)).every(({ status }) => status === "throttled"));
  const before = receiver.requests.length;
  const waiting = await listed(subscription.id);
  expect(waiting).toHaveLength(200);
  const fresh = waiting.filter(({ attemptCount }) => attemptCount === 0);
  expect(fresh.length).toBeGreaterThanOrEqual(100);
  expect(fresh[0]?.reason).toContain("without spending attempts");

  // A probe is the oldest one. It is on record, and it is none of the schedule.
  const oldest = waiting.at(-1);
  await probe(subscription);
  await until("a probe", () => receiver.requests.length > before);
  await until("its record", async () =>
    (await listed(subscription.id)).some(
      ({ id, attemptCount, status }) =>
        id === oldest?.id && attemptCount === (oldest?.attemptCount ?? 0) + 1 && status === "throttled",
    ),
  );
  await delay(3_000);
  expect(receiver.requests.length).toBe(before + 1);
  expect(healthOf(subscription.id)).toMatchObject({ state: "failing", breaker: { state: "open", probes: 1 } });

  down = false;
  await probe(subscription);
  await until("recovering", () => healthOf(subscription.id)?.state !== "failing");
  await until("all delivered", async () =>
    (await listed(subscription.id)).every(({ status }) => status === "delivered"),
  );
  expect(new Set(receiver.requests.slice(before + 1).map(({ headers }) => headers["webhook-id"])).size).toBe(200);
  expect(receiver.requests.length).toBe(before + 1 + 200);
  await until("healthy", () => healthOf(subscription.id) === undefined);
}, 300_000);
