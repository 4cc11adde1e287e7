import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { later } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "holds");
  store = await database.openStore();
});
afterAll(() => database.close());

describe("holds", () => {
  it("are placed, read, given another reason, listed newest first, and lifted", async () => {
    const first = { target: "event/a.b:c/1" as const, reason: "case 1", by: "key:1", at: later(1_000) };
    const second = { target: "group/grp_1" as const, reason: "case 2", by: "key:1", at: later(2_000) };
    await store.holds.put(first);
    await store.holds.put(second);
    expect(await store.holds.get(first.target)).toEqual(first);
    expect(await store.holds.get("event/grp_1")).toBeUndefined();
    expect((await store.holds.list({ limit: 10 })).data).toEqual([second, first]);
    await store.holds.put({ ...first, reason: "case 3" });
    expect(await store.holds.get(first.target)).toEqual({ ...first, reason: "case 3" });
    expect(await store.holds.heldOf(["a.b:c/1", "grp_1", "x"])).toEqual(new Set(["a.b:c/1"]));
    expect(await store.holds.heldOf([])).toEqual(new Set());
    expect(await store.holds.heldGroups()).toEqual(["grp_1"]);
    expect(await store.holds.delete(first.target)).toBe(true);
    expect(await store.holds.delete(first.target)).toBe(false);
    expect(await store.holds.get(first.target)).toBeUndefined();
  });

  it("are all found, however many there are", async () => {
    const ids = Array.from({ length: 1_003 }, (_, index) => `evt_${String(index).padStart(4, "0")}`);
    await database.client
      .db(database.name)
      .collection<{ _id: string }>("holds")
      .insertMany(ids.map((id) => ({ _id: `event/${id}`, reason: "case", by: "key:1", at: later(0) })));
    const found: string[] = [];
    for await (const some of store.holds.heldEvents()) found.push(...some);
    expect(found.sort()).toEqual(ids);
    expect(await store.holds.heldGroups()).toEqual(["grp_1"]);
  });
});
