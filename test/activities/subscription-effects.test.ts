import { randomBytes } from "node:crypto";
import type { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Catalogue, createCatalogue } from "../../src/catalogue/catalogue.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import { createSubscriptionEffects, type SubscriptionEffects } from "../../src/activities/subscription-effects.js";
import { createThrottle, type Throttle } from "../../src/activities/pace/throttle.js";
import { newId } from "../../src/store/ids.js";
import type { MongoStore } from "../../src/store/index.js";
import type { Subscription } from "../../src/store/model.js";
import { bucketWorkflowId } from "../../src/workflows/contract.js";
import { openDatabase, type TestDatabase } from "../store/database.js";

let database: TestDatabase;
let store: MongoStore;
let environment: TestWorkflowEnvironment;
let client: Client;
let catalogue: Catalogue;
let throttle: Throttle;
let effects: SubscriptionEffects;
const groupId = newId("grp");
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "effects");
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  store = await database.openStore();
  ({ client } = environment);
  const log = pino({ level: "silent" });
  catalogue = await createCatalogue({ store, onTrouble: () => undefined });
  throttle = createThrottle({ client, catalogue, log, taskQueue: `effects-${randomBytes(4).toString("hex")}` });
  effects = createSubscriptionEffects({ store, catalogue, throttle, log });
});
afterAll(async () => {
  throttle?.close();
  catalogue?.close();
  await environment?.teardown();
  await database?.close();
});

async function subscribed(fields: Partial<Subscription> = {}): Promise<Subscription> {
  const subscription: Subscription = {
    id: newId("sub"),
    groupId,
    url: "https://example.com/hook",
    eventTypes: ["a.b"],
    secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
    status: "active",
    createdAt: new Date(),
    updatedAt: new Date(),
    ...fields,
  };
  await store.subscriptions.insert(subscription);
  await catalogue.refresh();
  return subscription;
}
const entriesOf = async (id: string) =>
  (await store.audit.list({ limit: 50 })).data.filter(({ subject }) => subject === id);

it("disables once, on record, and this process knows at once", async () => {
  const subscription = await subscribed();
  const other = await subscribed();
  await effects.apply(subscription, { kind: "disable", reason: "the endpoint answered 410" });
  expect(catalogue.subscription(subscription.id)).toMatchObject({
    status: "disabled",
    statusReason: "the endpoint answered 410",
  });
  const kept = await store.subscriptions.get(subscription.id);
  await effects.apply(subscription, { kind: "disable", reason: "again" });
  expect(await store.subscriptions.get(subscription.id)).toMatchObject({
    statusReason: "the endpoint answered 410",
    statusAt: kept?.statusAt,
  });
  expect(await entriesOf(subscription.id)).toMatchObject([
    { actor: "service", action: "subscription.disable", detail: { reason: "the endpoint answered 410" } },
  ]);
  expect(await store.subscriptions.get(other.id)).toMatchObject({ status: "active" });
});

it.each(["paused", "disabled"] as const)("leaves a subscription alone that somebody %s", async (status) => {
  const subscription = await subscribed({ status, statusReason: "by hand" });
  await effects.apply(subscription, { kind: "disable", reason: "the endpoint answered 410" });
  expect(await store.subscriptions.get(subscription.id)).toMatchObject({ status, statusReason: "by hand" });
  expect(await entriesOf(subscription.id)).toEqual([]);
});

it("does not disable for a late answer of a URL that the subscription has left", async () => {
  const before = await subscribed();
  await store.subscriptions.update(before.id, (current) => ({ ...current, url: "https://example.com/moved" }));
  await effects.apply(before, { kind: "disable", reason: "the endpoint answered 410" });
  expect(await store.subscriptions.get(before.id)).toMatchObject({
    status: "active",
    url: "https://example.com/moved",
  });
  expect(await entriesOf(before.id)).toEqual([]);
});

it("does nothing to a subscription that was deleted meanwhile", async () => {
  const subscription = await subscribed();
  await store.subscriptions.delete(subscription.id);
  await effects.apply(subscription, { kind: "disable", reason: "the endpoint answered 410" });
  expect(await store.subscriptions.get(subscription.id)).toBeUndefined();
  expect(await entriesOf(subscription.id)).toEqual([]);
});

it(
  "keeps a pause with the subscription, where other processes read it; one that ends no second " + "later is no news",
  async () => {
    const subscription = await subscribed();
    const until = Date.now() + 3_600_000;
    await effects.apply(subscription, { kind: "pause", untilMs: until });
    const version = await store.catalogueVersion();
    for (const later of [-60_000, 0, 999]) await effects.apply(subscription, { kind: "pause", untilMs: until + later });
    expect(await store.catalogueVersion()).toBe(version);
    const saved = await store.subscriptions.get(subscription.id);
    expect(saved).toMatchObject({ status: "active", throttledUntil: new Date(until) });
    // So that others know how long it was.
    expect(until - (saved?.throttledAt?.getTime() ?? 0)).toBeLessThanOrEqual(3_600_000);
    expect(until - (saved?.throttledAt?.getTime() ?? 0)).toBeGreaterThan(3_500_000);
    expect(throttle.pausedUntil(subscription)).toBe(until);

    await effects.apply(subscription, { kind: "pause", untilMs: until + 1_000 });
    expect(await store.subscriptions.get(subscription.id)).toMatchObject({ throttledUntil: new Date(until + 1_000) });
  },
);

it("tells the bucket instead, where there is a rate limit", async () => {
  const subscription = await subscribed({ rateLimit: { perSecond: 5, burst: 1 } });
  const until = Date.now() + 3_600_000;
  await effects.apply(subscription, { kind: "pause", untilMs: until });
  expect((await store.subscriptions.get(subscription.id))?.throttledUntil).toBeUndefined();
  expect(throttle.pausedUntil(subscription)).toBe(until);
  const bucket = client.workflow.getHandle(bucketWorkflowId(subscription.id));
  expect((await bucket.describe()).status.name).toBe("RUNNING");
  await bucket.terminate();
});
