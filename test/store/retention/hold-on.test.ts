import { afterAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { HoldTarget } from "../../../src/store/collections/holds.js";
import type { ErasureTarget } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { coded, later } from "../fixtures.js";
import { insertAged } from "./aged.js";

const databases: TestDatabase[] = [];
let store: MongoStore;
beforeEach(async () => {
  const database = await openDatabase(inject("mongodbUrl"), "hold_on");
  databases.push(database);
  store = await database.openStore();
  await insertAged(store, "evt_1", { sub_1: { groupId: "grp_1", apiId: "api_1" } });
  await insertAged(store, "evt_2", {}, { apiId: "api_2", groups: ["grp_2"] });
});
afterAll(() => Promise.all(databases.map((each) => each.close())));

describe("a hold on", () => {
  it.each<[HoldTarget, ErasureTarget]>([
    ["event/evt_1", "event/evt_1"],
    ["event/evt_1", "group/grp_1"],
    ["event/evt_1", "api/api_1"],
    ["event/evt_2", "group/grp_2"],
    ["event/evt_2", "api/api_2"],
    ["group/grp_1", "group/grp_1"],
    ["group/grp_1", "event/evt_1"],
    ["group/grp_1", "api/api_1"],
    ["group/grp_2", "event/evt_2"],
  ])("%s forbids the erasure of %s, until it is lifted", async (held, target) => {
    await store.holds.put({ target: held, reason: "case 1", by: "key:1", at: later(0) });
    expect(await store.erasures.holdOn(target)).toBe(held);
    await expect(store.erasures.erase(target, "key:1")).rejects.toEqual(coded("held"));
    expect(await store.erasures.has(target)).toBe(false);
    expect(await store.events.payload("evt_1")).toBeDefined();
    await store.holds.delete(held);
    expect(await store.erasures.holdOn(target)).toBeUndefined();
    await store.erasures.erase(target, "key:1");
  });

  it("something else forbids nothing", async () => {
    for (const target of ["event/evt_2", "group/grp_3"] as const)
      await store.holds.put({ target, reason: "case 1", by: "key:1", at: later(0) });
    for (const target of ["event/evt_1", "group/grp_1", "api/api_1", "person/per_1"] as const)
      expect(await store.erasures.holdOn(target)).toBeUndefined();
  });
});
