/** What a dispatch hands over to `retryDelivery`, and what a second run of it leaves alone. */
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deliverRoutes, type DeliverRoutesDependencies } from "../../src/activities/deliver-routes.js";
import type { Route } from "../../src/activities/first-attempts.js";
import { newId } from "../../src/store/ids.js";
import type { Delivery, Subscription } from "../../src/store/model.js";
import { retryWorkflowId } from "../../src/workflows/contract.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { routeTo as newRouteTo } from "./routes-of-run.js";
import { type RunningAttempt, startRunningAttempt } from "./running-attempt.js";

let environment: TestWorkflowEnvironment;
let running: RunningAttempt;
let receiver: Receiver;
let dependencies: DeliverRoutesDependencies;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  running = await startRunningAttempt({ mongodbUrl: inject("mongodbUrl"), client: environment.client });
  receiver = await startReceiver();
  dependencies = {
    ...running.dependencies,
    parkOpenDays: 7,
    unrecorded: new Map(),
    sending: new Map(),
    sharesRetries: () => true,
  };
});
afterAll(async () => {
  await receiver?.close();
  await running?.close();
  await environment?.teardown();
});

const routeTo = (subscription: Subscription, more?: Partial<Route>): Route => newRouteTo(running, subscription, more);
/** As a dispatch does it before. */
const store = ({ event: { id, type, contentType, bytes } }: Route): Promise<string[]> =>
  running.store.events.insertMany([
    {
      record: {
        id,
        type,
        apiId: "api_1",
        contentType,
        sha256: "",
        size: bytes.byteLength,
        acceptedAt: new Date(),
        owner: id,
      },
      payload: bytes,
    },
  ]);
const run = (routes: Route[], { owner = newId("batch"), rerun = false } = {}) =>
  deliverRoutes(dependencies, { owner, rerun, routes });
const itemsOf = ({ handOver }: Awaited<ReturnType<typeof deliverRoutes>>) => handOver?.items ?? [];
const recordOf = ({ deliveryId }: Route) => running.store.deliveries.get(deliveryId);
const requestsFor = ({ event }: Route) =>
  receiver.requests.filter(({ headers }) => headers["webhook-id"] === event.id).length;

describe("a first run", () => {
  it("delivers and records, and hands nothing over", async () => {
    const route = routeTo(await running.subscribe(receiver.url));
    expect(await run([route])).toEqual({ retries: [] });
    expect(await recordOf(route)).toMatchObject({ status: "delivered", attemptCount: 1 });
    expect((await recordOf(route))?.workflowId).toBeUndefined();
  });

  it.each(["paused", "suspended", "disabled"] as const)(
    "holds what is for a subscription that is %s, and hands it over as pending: a resume meanwhile has told nobody",
    async (status) => {
      const subscription = await running.subscribe(receiver.url, { status });
      const owner = newId("batch");
      const route = routeTo(subscription);
      await store(route);
      const before = Date.now();
      const result = await run([route], { owner });
      expect(result.handOver).toMatchObject({
        subscriptionId: subscription.id,
        groupId: running.groupId,
        parkOpenDays: 7,
      });
      const [item] = itemsOf(result);
      expect(item).toMatchObject({ deliveryId: route.deliveryId, status: "pending", attempts: 0, scheduleBase: 0 });
      expect(item?.dueAt).toBeGreaterThanOrEqual(before);
      expect(item?.dueAt).toBeLessThanOrEqual(Date.now());
      expect(await recordOf(route)).toMatchObject({
        status: "held",
        attemptCount: 0,
        workflowId: retryWorkflowId(owner),
      });
      // The resume has come before the workflow was there: its first look delivers.
      await running.store.subscriptions.update(subscription.id, (current) => ({ ...current, status: "active" }));
      expect(await running.attempt(subscription, item ? [item] : [])).toMatchObject([{ status: "delivered" }]);
      expect(requestsFor(route)).toBe(1);
    },
  );

  it("parks what the filter cannot judge, with its reason, and sends nothing of it", async () => {
    const route = routeTo(await running.subscribe(receiver.url), { filtered: { failed: "no_such_overload" } });
    expect(itemsOf(await run([route]))).toMatchObject([
      { status: "parked", attempts: 0, reason: "no_such_overload", since: expect.any(Number) as number },
    ]);
    expect(await recordOf(route)).toMatchObject({ status: "parked", reason: "no_such_overload" });
    expect(requestsFor(route)).toBe(0);
  });

  it("makes no delivery of what the filter excludes", async () => {
    const route = routeTo(await running.subscribe(receiver.url), { filtered: "excluded" });
    expect(await run([route])).toEqual({ retries: [] });
    expect(await recordOf(route)).toBeUndefined();
    expect(requestsFor(route)).toBe(0);
  });

  it("leaves a paused consumer to its time", async () => {
    const until = Date.now() + 3_600_000;
    const subscription = await running.subscribe(receiver.url, { throttledUntil: new Date(until) });
    const route = routeTo(subscription);
    expect(itemsOf(await run([route]))).toMatchObject([{ status: "throttled", attempts: 0, dueAt: until }]);
    expect(await recordOf(route)).toMatchObject({ status: "throttled", nextAttemptAt: new Date(until) });
  });

  it("leaves one no longer than it asked for, if the worker that saved it was ten minutes ahead", async () => {
    const [asked, ahead] = [60_000, 600_000];
    const saved = Date.now() + ahead;
    const subscription = await running.subscribe(receiver.url, {
      throttledAt: new Date(saved),
      throttledUntil: new Date(saved + asked),
    });
    const [item] = itemsOf(await run([routeTo(subscription)]));
    expect(item).toMatchObject({ status: "throttled", attempts: 0 });
    expect(item?.dueAt).toBeLessThanOrEqual(Date.now() + asked);
  });
});

const recorded = async (route: Route, fields: Partial<Delivery>): Promise<void> =>
  void (await running.store.deliveries.insertMany([
    {
      id: route.deliveryId,
      eventId: route.event.id,
      subscriptionId: route.subscription.id,
      groupId: running.groupId,
      eventType: running.eventType,
      status: "pending",
      createdAt: new Date(),
      updatedAt: new Date(),
      attemptCount: 0,
      attempts: [],
      ...fields,
    },
  ]));

describe("a second run", () => {
  it.each(["delivered", "exhausted", "cancelled"] as const)("leaves alone what is %s", async (status) => {
    const route = routeTo(await running.subscribe(receiver.url));
    await recorded(route, { status, attemptCount: 1 });
    expect(await run([route], { rerun: true })).toEqual({ retries: [] });
    expect(requestsFor(route)).toBe(0);
  });

  it("goes on with what it has recorded itself, and leaves what another workflow looks after", async () => {
    const subscription = await running.subscribe(receiver.url);
    const [mine, foreign, nobodys] = [routeTo(subscription), routeTo(subscription), routeTo(subscription)];
    const owner = newId("batch");
    const nextAttemptAt = new Date(Date.now() + 60_000);
    await recorded(mine, {
      status: "retrying",
      attemptCount: 2,
      nextAttemptAt,
      reason: "HTTP 503",
      workflowId: retryWorkflowId(owner),
    });
    await recorded(foreign, { status: "parked", workflowId: retryWorkflowId("batch_other") });
    await recorded(nobodys, { status: "parked" });
    const items = itemsOf(await run([mine, foreign, nobodys], { owner, rerun: true }));
    expect(items).toMatchObject([
      {
        deliveryId: mine.deliveryId,
        status: "retrying",
        attempts: 2,
        dueAt: nextAttemptAt.getTime(),
        reason: "HTTP 503",
      },
      { deliveryId: nobodys.deliveryId, status: "parked" },
    ]);
    expect(items).toHaveLength(2);
    expect([mine, foreign, nobodys].map(requestsFor)).toEqual([0, 0, 0]);
  });

  it("records a result that is still in memory instead of sending again, and forgets it", async () => {
    const route = routeTo(await running.subscribe(receiver.url));
    dependencies.unrecorded.set(route.deliveryId, {
      kind: "attempted",
      result: {
        status: "delivered",
        attempt: { number: 1, at: new Date(), outcome: "delivered", status: 200, durationMs: 1 },
      },
    });
    expect(await run([route], { rerun: true })).toEqual({ retries: [] });
    expect(await recordOf(route)).toMatchObject({ status: "delivered", attemptCount: 1 });
    expect(requestsFor(route)).toBe(0);
    expect(dependencies.unrecorded.size).toBe(0);
  });

  it("forgets a result whose record is there", async () => {
    const route = routeTo(await running.subscribe(receiver.url));
    await recorded(route, { status: "delivered", attemptCount: 1 });
    dependencies.unrecorded.set(route.deliveryId, { kind: "left", status: "pending" });
    await run([route], { rerun: true });
    expect(dependencies.unrecorded.size).toBe(0);
  });
});

describe("what waits for its turn", () => {
  /** One route more than go to one endpoint at once. `release` lets the endpoint answer. */
  const waiting = async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = await startReceiver({ respond: () => held.then(() => ({ status: 200 })) });
    const subscription = await running.subscribe(slow.url);
    const routes = Array.from({ length: 33 }, () => routeTo(subscription));
    for (const route of routes) await store(route);
    const last = routes.at(-1) ?? routeTo(subscription);
    const sent = () => slow.requests.map(({ headers }) => headers["webhook-id"]);
    return { slow, routes, last, release, sent };
  };

  it("is not sent by a second run when the first one gets it on record meanwhile", async () => {
    const { slow, routes, last, release, sent } = await waiting();
    const result = run(routes, { rerun: true });
    await expect.poll(() => slow.requests.length).toBe(32);
    await recorded(last, { status: "delivered", attemptCount: 1 });
    await new Promise((resume) => setTimeout(resume, 1_100));
    release();
    expect(await result).toEqual({ retries: [] });
    expect(sent()).not.toContain(last.event.id);
    expect(sent()).toHaveLength(32);
    await slow.close();
  });

  it("is not sent when its event is erased meanwhile", async () => {
    const { slow, routes, last, release, sent } = await waiting();
    const result = run(routes);
    await expect.poll(() => slow.requests.length).toBe(32);
    await running.store.erasures.erase(`event/${last.event.id}`, "test");
    release();
    expect(itemsOf(await result)).toMatchObject([{ deliveryId: last.deliveryId, status: "pending", attempts: 0 }]);
    expect(sent()).not.toContain(last.event.id);
    await slow.close();
  });
});

describe("an attempt that left early and failed", () => {
  const early = async (change: Partial<Delivery>) => {
    const [subscription, owner] = [await running.subscribe(receiver.url), newId("batch")];
    const route = routeTo(subscription);
    const dueAt = Date.now() + 3_600_000;
    await running.store.deliveries.insertMany([
      {
        id: route.deliveryId,
        eventId: route.event.id,
        subscriptionId: subscription.id,
        groupId: running.groupId,
        eventType: route.event.type,
        createdAt: new Date(),
        updatedAt: new Date(),
        status: "retrying",
        attemptCount: 1,
        attempts: [{ number: 1, at: new Date(), outcome: "http_5xx", status: 503, durationMs: 1 }],
        nextAttemptAt: new Date(dueAt),
        workflowId: retryWorkflowId(owner),
        ...change,
      },
    ]);
    const base = { deliveryId: route.deliveryId, eventId: route.event.id, eventType: route.event.type };
    const item = { ...base, status: "retrying" as const, attempts: 1, scheduleBase: 0, dueAt };
    const here = new Map([[route.deliveryId, { route, until: Date.now(), recorded: Promise.resolve(true) }]]);
    const begun = { events: new Set([route.event.id]), here, elsewhere: new Map(), extra: [route] };
    const result = await deliverRoutes(dependencies, { owner, rerun: false, routes: [route], begun });
    expect(requestsFor(route)).toBe(0);
    return { items: itemsOf(result), item };
  };

  it("is handed over as its record says", async () => {
    const { items, item } = await early({});
    expect(items).toMatchObject([item]);
  });

  it("is left alone when it was cancelled before its workflow was there", async () => {
    expect((await early({ status: "cancelled" })).items).toEqual([]);
  });

  it("is left to the workflow that sends it again", async () => {
    expect((await early({ status: "pending", workflowId: "resend/1" })).items).toEqual([]);
  });
});
