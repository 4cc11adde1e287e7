import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let stores: [MongoStore, MongoStore];
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "saml_uses");
  stores = [await database.openStore(), await database.openStore()];
});
afterAll(() => database?.close());

const later = (ms: number) => new Date(Date.now() + ms);

test("of twenty at once over two processes one uses an id", async () => {
  for (let round = 0; round < 5; round++) {
    const used = await Promise.all(
      Array.from({ length: 20 }, (_each, index) =>
        stores[index % 2 ? 1 : 0].samlUses.use(`request/${round}`, later(60_000)),
      ),
    );
    expect(used.filter(Boolean)).toHaveLength(1);
  }
});

test("what has expired is forgotten, and nothing else", async () => {
  const [store] = stores;
  expect(await store.samlUses.use("request/over", later(-1))).toBe(true);
  expect(await store.samlUses.use("request/lives", later(60_000))).toBe(true);
  await store.samlUses.removeExpired();
  expect(await store.samlUses.use("request/lives", later(60_000))).toBe(false);
  expect(await store.samlUses.use("request/over", later(60_000))).toBe(true);
});
