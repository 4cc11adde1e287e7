import { setTimeout as delay } from "node:timers/promises";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Subscription } from "../../../src/store/model.js";
import { takeStep } from "../../../src/store/subscription-life.js";
import { createOperations } from "../../../src/api/deliveries/operations.js";
import { QUERY } from "../../../src/workflows/contract.js";
import {
  BREAKER_SIGNAL,
  BREAKER_WORKFLOW,
  breakerInput,
  type BreakerState,
  breakerWorkflowId,
} from "../../../src/workflows/breaker/breaker-contract.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

/** So long that no probe goes by itself within a test, unless it is asked for. */
const timing = {
  probeMs: 600_000,
  maxProbeMs: 600_000,
  rampMs: 1_000,
  tickMs: 500,
  knownMs: 2_500,
  lastsMs: 0,
  dayMs: 3_000,
};
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
/** Whether its breaker was ever started. */
const breakerOf = ({ id }: Subscription) =>
  running.client.workflow
    .getHandle(breakerWorkflowId(id))
    .describe()
    .then(
      ({ status }) => status.name,
      () => "none",
    );
/** What was told of it. */
const kindsTold = async ({ id }: Subscription) =>
  new Set(
    (await running.store.notices.due(1_000)).flatMap(({ subscriptionId, kind }) =>
      subscriptionId === id ? [kind] : [],
    ),
  );

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
  expect(opened?.reason).toMatch(/^0 of the last \d+ attempts succeeded, within 15 minutes\.$/);
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
  await until("told", async () => (await kindsTold(subscription)).has("subscription.recovered"));
  expect(await kindsTold(subscription)).toEqual(new Set(["subscription.failing", "subscription.recovered"]));
}, 300_000);

test("a report that nobody proved changes nothing", async () => {
  const receiver = await running.receive({ respond: () => ({ status: 503 }) });
  const { eventType, subscriptions } = await running.subscribe([receiver.url]);
  const workflowId = breakerWorkflowId(only(subscriptions).id);
  await running.publish(eventType, {});
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  const plain = environment.client.workflow.getHandle(workflowId);
  await until("a breaker", () =>
    plain.describe().then(
      () => true,
      () => false,
    ),
  );
  const now = Date.now();
  await plain.signal(BREAKER_SIGNAL.report, {
    from: now,
    to: now,
    succeeded: 0,
    failed: 500,
    trailing: 500,
    asOf: now,
  });
  const state = await running.client.workflow.getHandle(workflowId).query<BreakerState>(QUERY.state);
  expect(state.phase.kind).toBe("closed");
  expect(state.run?.failed).toBeLessThan(10);
  await environment.teardown();
}, 180_000);

test("what cannot be signed is no failure of the endpoint", async () => {
  const receiver = await running.receive();
  // A secret that was damaged in the store.
  const damaged = { secrets: [{ secret: "whsec_nothing", createdAt: new Date() }] };
  const unsigned = await running.subscribe([receiver.url], damaged);
  await Promise.all(Array.from({ length: 60 }, (_, n) => running.publish(unsigned.eventType, { n })));
  const parked = async () =>
    (await listed(only(unsigned.subscriptions).id)).filter(({ status }) => status === "parked");
  await until("all parked", async () => (await parked()).length === 60);
  expect(new Set((await parked()).map(({ attempts }) => attempts.at(-1)?.outcome))).toEqual(
    new Set(["request_invalid"]),
  );
  expect(receiver.requests).toHaveLength(0);
  expect(await breakerOf(only(unsigned.subscriptions))).toBe("none");
  expect(healthOf(only(unsigned.subscriptions).id)).toBeUndefined();
}, 180_000);

test("events that the endpoint refuses one by one never open it", async () => {
  const receiver = await running.receive({
    respond: ({ body }) => ({ status: body.toString().includes("bad") ? 422 : 204 }),
  });
  const { eventType, subscriptions } = await running.subscribe([receiver.url]);
  await Promise.all(Array.from({ length: 60 }, (_, n) => running.publish(eventType, { n, is: "bad" })));
  await until("parked", async () => {
    const all = await listed(only(subscriptions).id);
    return all.length === 60 && all.every(({ status }) => status === "parked");
  });
  expect(await breakerOf(only(subscriptions))).toBe("none");
  expect(healthOf(only(subscriptions).id)).toBeUndefined();
}, 180_000);

test("one that was disabled and resumed is tried with one delivery first, and a slow start follows", async () => {
  let down = true;
  const receiver = await running.receive({ respond: () => ({ status: down ? 503 : 204 }) });
  const rateLimit = { perSecond: 4, burst: 4 };
  // Two days of three seconds each.
  const { eventType, subscriptions } = await running.subscribe([receiver.url], { disableAfterDays: 2 });
  const subscription = only(subscriptions);
  await Promise.all(Array.from({ length: 60 }, (_, n) => running.publish(eventType, { n })));
  await until("failing", () => healthOf(subscription.id)?.state === "failing");
  await until("when it is disabled", () => healthOf(subscription.id)?.disablesAt instanceof Date);
  const statusOf = () => running.catalogue.subscription(subscription.id)?.status;
  await until("disabled", async () => {
    if (statusOf() !== "disabled") await probe(subscription).catch(() => undefined);
    await delay(500);
    return statusOf() === "disabled";
  });
  // The status is written first, so that nothing is sent any more, and the health in a second write.
  await until("shown as disabled", () => healthOf(subscription.id)?.state === "disabled");
  // An outcome that is reported after the end of the breaker begins another one, which leaves that as it is.
  const late = { from: Date.now(), to: Date.now(), succeeded: 0, failed: 60, trailing: 60 };
  const { workflowId } = await running.client.workflow.signalWithStart(BREAKER_WORKFLOW, {
    args: [breakerInput({ ...subscription, health: { state: "failing", since: new Date() } }, timing)],
    workflowId: breakerWorkflowId(subscription.id),
    taskQueue: running.taskQueue,
    signal: BREAKER_SIGNAL.report,
    signalArgs: [late],
  });
  await running.client.workflow.getHandle(workflowId).result();
  await running.catalogue.refresh();
  expect(healthOf(subscription.id)?.state).toBe("disabled");
  expect(await kindsTold(subscription)).toEqual(new Set(["subscription.failing", "subscription.disabled"]));
  const entries = await running.store.audit.list({ limit: 20 }, { subject: subscription.id });
  expect(entries.data.map(({ action }) => action)).toContain("subscription.disable");

  down = false;
  const before = receiver.requests.length;
  await running.store.subscriptions.update(subscription.id, (current) => {
    const step = takeStep({ ...current, rateLimit }, "resume", { by: "key:1", at: new Date() });
    return step.ok ? step.subscription : current;
  });
  const operations = createOperations({
    client: running.client,
    store: running.store,
    catalogue: running.catalogue,
    log: pino({ level: "silent" }),
    parkOpenDays: 1,
    taskQueue: running.taskQueue,
  });
  await operations.wake(subscription.id);
  const resumed = await running.store.subscriptions.get(subscription.id);
  expect(resumed?.health).toMatchObject({ state: "failing", breaker: { state: "open" } });
  if (resumed) await operations.tryEndpoint(resumed);
  await until("all delivered", async () =>
    (await listed(subscription.id)).every(({ status }) => status === "delivered"),
  );
  // Three probes, then a tenth of the limit. The limit alone lets eight leave in the first second: four at once, and
  // four more. A machine that stands still for a moment lets some of a slow start arrive together.
  const times = receiver.requests.slice(before).map(({ at }) => at);
  const first = times[3] ?? 0;
  expect(times.filter((at) => at >= first && at < first + 1_000).length).toBeLessThanOrEqual(5);
}, 300_000);
