/** What happens while an event is being removed. The question for its workflows comes between reading and marking. */
import { afterAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { later } from "../fixtures.js";
import { insertAged, left, sweepAll } from "./aged.js";

const databases: TestDatabase[] = [];
let database: TestDatabase;
let store: MongoStore;
beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "removal");
  databases.push(database);
  store = await database.openStore();
});
afterAll(() => Promise.all(databases.map((each) => each.close())));

const collection = (name: string) => database.client.db(database.name).collection<{ _id: string }>(name);
const marks = async () => [
  ...(await collection("events")
    .find({ removing: { $exists: true } })
    .toArray()),
  ...(await collection("deliveries")
    .find({ removing: { $exists: true } })
    .toArray()),
];
const whole = { events: ["evt_1"], deliveries: ["evt_1.sub_1", "evt_1.sub_2"] };
const hold = { reason: "case 1", by: "key:1", at: later(0) };

describe("an event", () => {
  it("that is sent again between reading and removing stays whole, and can be changed", async () => {
    await insertAged(store, "evt_1", { sub_1: {}, sub_2: { status: "parked" } });
    const isIdle = async (workflows: ReadonlySet<string>) => {
      const resend = { id: "evt_1.sub_2", status: "pending", workflowId: "resend/1", asked: true } as const;
      expect(await store.deliveries.record([resend])).toEqual([]);
      return workflows;
    };
    expect(await sweepAll(store, { isIdle })).toMatchObject({ events: new Map(), open: 1 });
    expect(await left(store, ["evt_1"], ["sub_1", "sub_2"])).toEqual(whole);
    expect(await marks()).toEqual([]);
    expect(await store.deliveries.record([{ id: "evt_1.sub_1", status: "pending", asked: true }])).toEqual([]);
  });

  it.each(["event/evt_1", "group/grp_2"] as const)(
    "that a hold on %s reaches meanwhile stays whole",
    async (target) => {
      await insertAged(store, "evt_1", { sub_1: {}, sub_2: { groupId: "grp_2" } });
      const isIdle = async (workflows: ReadonlySet<string>) => {
        await store.holds.put({ target, ...hold });
        return workflows;
      };
      expect(await sweepAll(store, { isIdle })).toMatchObject({ events: new Map(), open: 0, held: 1 });
      expect(await left(store, ["evt_1"], ["sub_1", "sub_2"])).toEqual(whole);
      expect(await marks()).toEqual([]);
      await store.holds.delete(target);
      expect(await sweepAll(store)).toMatchObject({ events: new Map([["api_1", 1]]), deliveries: 2 });
    },
  );

  it("that was addressed to a held group stays, with and without deliveries", async () => {
    await store.holds.put({ target: "group/grp_2", ...hold });
    await insertAged(store, "evt_1", {}, { groups: ["grp_1", "grp_2"] });
    expect(await sweepAll(store)).toMatchObject({ events: new Map(), held: 1 });
    expect((await left(store, ["evt_1"])).events).toEqual(["evt_1"]);
  });

  it("whose removal was killed goes with the next sweep", async () => {
    await insertAged(store, "evt_1", { sub_1: {}, sub_2: {}, sub_3: {} });
    const mark = { $set: { removing: later(0) } };
    await collection("events").updateOne({ _id: "evt_1" }, mark);
    for (const id of ["evt_1.sub_1", "evt_1.sub_2"]) await collection("deliveries").updateOne({ _id: id }, mark);
    await collection("deliveries").deleteOne({ _id: "evt_1.sub_2" });
    expect(await store.retention.stays("evt_1")).toBe(false);
    expect(await sweepAll(store)).toMatchObject({ events: new Map([["api_1", 1]]), deliveries: 2 });
    expect(await left(store, ["evt_1"], ["sub_1", "sub_2", "sub_3"])).toEqual({ events: [], deliveries: [] });
    expect(await store.retention.stays("evt_1")).toBe(false);
  });

  it("that is being removed takes no change, and shows no mark", async () => {
    await insertAged(store, "evt_1");
    const mark = { $set: { removing: later(0) } };
    await collection("events").updateOne({ _id: "evt_1" }, mark);
    await collection("deliveries").updateOne({ _id: "evt_1.sub_1" }, mark);
    expect(await store.deliveries.record([{ id: "evt_1.sub_1", status: "pending", asked: true }])).toMatchObject([
      { id: "evt_1.sub_1", why: "missing" },
    ]);
    expect(await store.deliveries.get("evt_1.sub_1")).not.toHaveProperty("removing");
    expect(await store.events.get("evt_1")).not.toHaveProperty("removing");
  });
});
