/** Counters on a real engine: written, summed up, read and forgotten. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Delivery } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { DAYS, floorTo, HOURS, MINUTES, QUARTERS, type Scope, type Tier } from "../../../src/store/stats/tiers.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/workflows/durations.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, delivery } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let other: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "stats");
  store = await database.openStore();
  other = await database.openStore();
});
afterAll(() => database?.close());

let names = 0;
const newSubscription = (): string => `sub_${++names}`;
const settled = (id: string, subscriptionId: string, more: Partial<Delivery> = {}): Delivery =>
  delivery(id, subscriptionId, {
    status: "delivered",
    attempts: [attempt(1, { outcome: "delivered", status: 200, at: new Date() })],
    ...more,
  });

/** What is counted of a scope, added up over time. */
async function sums(scope: Scope, tier: Tier = MINUTES, now = Date.now()): Promise<Record<string, number>> {
  const all: Record<string, number> = {};
  const to = floorTo(now, tier.slotMs) + tier.slotMs;
  await store.stats.read({ scopes: [scope], tier, from: to - 2 * DAY_MS, to }, ({ cell }) => {
    for (const [key, count] of cell) all[key] = (all[key] ?? 0) + count;
  });
  for (const key of Object.keys(all)) if (key.startsWith("h")) delete all[key];
  return all;
}

test("a delivery counts once, however often it is recorded and by however many processes", async () => {
  const subscription = newSubscription();
  const made = settled("evt_1", subscription);
  await store.deliveries.insertMany([made]);
  await store.deliveries.insertMany([made]);
  await other.deliveries.insertMany([made, settled("evt_2", subscription)]);
  await Promise.all([store.stats.flush(), other.stats.flush()]);
  await store.stats.flush();
  expect(await sums(`sub/${subscription}`)).toEqual({ ddelivered: 2, adelivered: 2, s200: 2 });
});

test("a retry counts as an attempt, its delivery when it settles, and the same record again as nothing", async () => {
  const subscription = newSubscription();
  const { id, groupId } = delivery("evt_3", subscription);
  await store.deliveries.insertMany([delivery("evt_3", subscription, { attempts: [attempt(1, { at: new Date() })] })]);
  const change = {
    id,
    groupId,
    status: "delivered" as const,
    attemptCount: 2,
    attempt: attempt(2, { outcome: "delivered", status: 200, at: new Date() }),
  };
  await store.deliveries.record([change]);
  await store.deliveries.record([change]);
  await store.deliveries.record([{ id, status: "cancelled" }]);
  await store.stats.flush();
  expect(await sums(`sub/${subscription}`)).toEqual({ ahttp_5xx: 1, s503: 1, ddelivered: 1, adelivered: 1, s200: 1 });
});

test("two processes that record the same attempt at once count it once, and each its own", async () => {
  const subscription = newSubscription();
  const ids = Array.from({ length: 12 }, (_, index) => `evt_race_${index}`);
  await store.deliveries.insertMany(
    ids.map((id) => delivery(id, subscription, { attempts: [], attemptCount: 0, status: "pending" })),
  );
  const changes = ids.map((id) => ({
    id: delivery(id, subscription).id,
    groupId: "grp_1",
    status: "delivered" as const,
    attemptCount: 1,
    attempt: attempt(1, { outcome: "delivered", status: 200, at: new Date() }),
  }));
  await Promise.all([store.deliveries.record(changes), other.deliveries.record(changes)]);
  await Promise.all([store.stats.flush(), other.stats.flush()]);
  const { adelivered } = await sums(`sub/${subscription}`);
  // Each write is a compare-and-set. A process that lost one finds the attempt recorded, and cannot tell by whom if it
  // had tried the same one. So both may count it, and neither loses it.
  expect(adelivered).toBeGreaterThanOrEqual(ids.length);
  expect(adelivered).toBeLessThanOrEqual(2 * ids.length);
});

test("summed up, also twice and by two processes at once, the sums are the same", async () => {
  const subscription = newSubscription();
  const scope: Scope = `sub/${subscription}`;
  await store.deliveries.insertMany([
    settled("evt_4", subscription),
    settled("evt_5", subscription, { status: "parked" }),
  ]);
  await store.stats.flush();
  const before = await sums(scope);
  const tomorrow = new Date(Date.now() + DAY_MS);
  const ends = await Promise.all([store.stats.rollUp([scope], tomorrow), other.stats.rollUp([scope], tomorrow)]);
  await store.stats.rollUp([scope], tomorrow);
  expect(ends[0]?.getTime()).toBeGreaterThan(Date.now());
  for (const tier of [MINUTES, QUARTERS, HOURS, DAYS])
    expect(await sums(scope, tier, +tomorrow), tier.name).toEqual(before);
  const stored = await database.client.db(database.name).collection<{ _id: string }>("stats").find().toArray();
  const kinds = stored.filter(({ _id: id }) => id.startsWith(`${scope}/`)).map(({ _id: id }) => id.split("/")[2]);
  expect(new Set(kinds)).toEqual(new Set(["m", "q", "h", "d"]));
});

test("what is counted late, for a minute that is summed up already, is summed up again", async () => {
  const subscription = newSubscription();
  const scope: Scope = `sub/${subscription}`;
  const late = new Date(Date.now() - 30 * MINUTE_MS);
  await store.stats.rollUp([scope], new Date(Date.now() + HOUR_MS));
  store.stats.count({
    delivery: { subscriptionId: subscription, eventType: "a.b", apiId: "api_1" },
    status: "delivered",
    attempt: { at: late, outcome: "delivered", status: 200, durationMs: 5 },
  });
  await store.stats.flush();
  await store.stats.rollUp([scope], new Date(Date.now() + HOUR_MS));
  expect(await sums(scope, QUARTERS)).toEqual({ ddelivered: 1, adelivered: 1, s200: 1 });
});

test("what is over is gone, and a scope can be forgotten", async () => {
  const subscription = newSubscription();
  const scope: Scope = `sub/${subscription}`;
  await store.deliveries.insertMany([settled("evt_6", subscription)]);
  await store.stats.flush();
  expect(await sums(scope)).toMatchObject({ ddelivered: 1 });
  await store.stats.forget([scope]);
  expect(await sums(scope)).toEqual({});
  const stored = await database.client.db(database.name).collection<{ expiresAt: Date }>("stats").find().toArray();
  expect(stored.every(({ expiresAt }) => expiresAt.getTime() > Date.now() + DAY_MS)).toBe(true);
});
