import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "uses");
});
afterAll(() => database?.close());

test("a use is known at once, and to other processes once it was written out", async () => {
  const first = await database.openStore();
  const second = await database.openStore();
  expect(await first.keyUses.lastUsed(["key_a", "key_b"])).toEqual(new Map());
  first.keyUses.note("key_a");
  const known = (await first.keyUses.lastUsed(["key_a", "key_b"])).get("key_a");
  expect(known).toBeInstanceOf(Date);
  expect(await second.keyUses.lastUsed(["key_a"])).toEqual(new Map());
  await first.close();
  expect(await second.keyUses.lastUsed(["key_a", "key_b"])).toEqual(new Map([["key_a", known]]));
});
