import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Limit } from "../../../src/store/collections/limits.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let stores: [MongoStore, MongoStore];
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "limits");
  stores = [await database.openStore(), await database.openStore()];
});
afterAll(() => database?.close());

let names = 0;
const limit = (most: number, windowMs = 60_000): Limit => ({ key: `test/${++names}`, most, windowMs });
const takeOne = async (store: MongoStore, ...limits: Limit[]): Promise<boolean> => (await store.limits.take(limits)).ok;

test("of many at once over two processes exactly as many are taken as the limit says", async () => {
  for (const most of [1, 5, 20]) {
    const some = limit(most);
    const taken = await Promise.all(
      Array.from({ length: 30 }, (_each, index) => takeOne(stores[index % 2 ? 1 : 0], some)),
    );
    expect(taken.filter(Boolean)).toHaveLength(most);
  }
});

test("a refusal says when the next one is free, and then it is", async () => {
  const some = limit(2, 1_500);
  const [store, other] = stores;
  expect([await takeOne(store, some), await takeOne(other, some)]).toEqual([true, true]);
  for (const each of stores) {
    const refused = await each.limits.take([some]);
    expect(refused).toMatchObject({ ok: false, key: some.key });
    if (!refused.ok) expect(refused.retryAfterMs).toBeGreaterThan(0);
    if (!refused.ok) expect(refused.retryAfterMs).toBeLessThanOrEqual(1_500);
  }
  await expect.poll(() => takeOne(other, some), { timeout: 10_000 }).toBe(true);
});

test("uses that were counted by a clock that is ahead hold nobody up for longer than the window", async () => {
  const [store] = stores;
  const some = limit(2, 1_500);
  const ahead = Date.now() + 600_000;
  await database.client
    .db(database.name)
    .collection<{ _id: string; times: number[]; version: number; expiresAt: Date }>("limits")
    .insertOne({ _id: some.key, times: [ahead, ahead], version: 1, expiresAt: new Date(ahead + 1_500) });
  const refused = await store.limits.take([some]);
  expect(refused).toMatchObject({ ok: false });
  if (!refused.ok) expect(refused.retryAfterMs).toBeLessThanOrEqual(1_500);
  await expect.poll(() => takeOne(store, some), { timeout: 10_000 }).toBe(true);
});

test("over any window no more than the limit is taken, also over the change of a window", async () => {
  const some = limit(3, 2_000);
  const times: { before: number; after: number }[] = [];
  await expect
    .poll(
      async () => {
        const before = Date.now();
        if (await takeOne(stores[times.length % 2 ? 1 : 0], some)) times.push({ before, after: Date.now() });
        return times.length;
      },
      { timeout: 20_000, interval: 20 },
    )
    .toBe(10);
  for (let index = 3; index < times.length; index++)
    expect((times[index]?.after ?? 0) - (times[index - 3]?.before ?? 0)).toBeGreaterThanOrEqual(2_000);
});

test("of several limits the first that is used up refuses, and those after it are left alone", async () => {
  const [narrow, wide] = [limit(1), limit(2)];
  const [store] = stores;
  expect(await takeOne(store, narrow, wide)).toBe(true);
  expect(await store.limits.take([narrow, wide])).toMatchObject({ ok: false, key: narrow.key });
  expect([await takeOne(store, wide), await takeOne(store, wide)]).toEqual([true, false]);
});

test("a document holds no more takings than the limit, and what has expired is forgotten", async () => {
  const collection = database.client
    .db(database.name)
    .collection<{ _id: string; times: number[]; expiresAt: Date }>("limits");
  const some = limit(4, 200);
  let taken = 0;
  await expect
    .poll(async () => (taken += (await takeOne(stores[0], some)) ? 1 : 0), { timeout: 20_000, interval: 20 })
    .toBeGreaterThan(10);
  expect((await collection.findOne({ _id: some.key }))?.times.length).toBeLessThanOrEqual(4);
  const living = limit(1);
  await takeOne(stores[0], living);
  await expect
    .poll(
      async () => {
        await stores[0].limits.removeExpired();
        return collection.findOne({ _id: some.key });
      },
      { timeout: 10_000 },
    )
    .toBeNull();
  expect(await takeOne(stores[1], living)).toBe(false);
});
