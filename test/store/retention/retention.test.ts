import { afterAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { delivery, event, later } from "../fixtures.js";
import { CUTOFF, DAY, insertAged, left, sweepAll } from "./aged.js";

const databases: TestDatabase[] = [];
let database: TestDatabase;
let store: MongoStore;
beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "retention");
  databases.push(database);
  store = await database.openStore();
});
afterAll(() => Promise.all(databases.map((each) => each.close())));

describe("a sweep", () => {
  it("removes settled events with all that hangs on them, and counts them by api", async () => {
    await insertAged(store, "evt_1", { sub_1: {}, sub_2: { status: "exhausted" } });
    await insertAged(store, "order:4711/a.b", { sub_1: { status: "cancelled" } }, { apiId: "api_2", owner: "batch_2" });
    await insertAged(store, "evt_alone", {});
    await insertAged(store, "evt_new", {}, { acceptedAt: CUTOFF });
    await store.routings.record({
      id: "batch_1",
      at: later(0),
      filtered: new Map([
        ["evt_1", ["sub_3"]],
        ["evt_new", ["sub_4"]],
      ]),
      leftOut: new Map(),
    });
    expect(await sweepAll(store)).toMatchObject({
      events: new Map([
        ["api_1", 2],
        ["api_2", 1],
      ]),
      deliveries: 3,
      open: 0,
      held: 0,
    });
    expect(await left(store, ["evt_1", "order:4711/a.b", "evt_alone", "evt_new"], ["sub_1", "sub_2"])).toEqual({
      events: ["evt_new"],
      deliveries: [],
    });
    expect((await store.routings.of("batch_1", { id: "evt_1", type: "t" }))?.filtered).toEqual(new Set());
    expect((await store.routings.of("batch_1", { id: "evt_new", type: "t" }))?.filtered).toEqual(new Set(["sub_4"]));
    const db = database.client.db(database.name);
    for (const name of ["events", "deliveries"])
      expect(JSON.stringify(await db.collection(name).find().toArray())).not.toContain("evt_1");
    expect(await sweepAll(store)).toMatchObject({ events: new Map(), deliveries: 0 });
  });

  it.each(["pending", "retrying", "throttled", "held"] as const)("never removes what is %s", async (status) => {
    await insertAged(store, "evt_1", { sub_1: { status }, sub_2: {} });
    expect(await sweepAll(store)).toMatchObject({ events: new Map(), deliveries: 0, open: 1 });
    expect(await left(store, ["evt_1"], ["sub_1", "sub_2"])).toEqual({
      events: ["evt_1"],
      deliveries: ["evt_1.sub_1", "evt_1.sub_2"],
    });
  });

  it("keeps a parked delivery while its workflow is open, and an event whose dispatch is under way", async () => {
    await insertAged(store, "evt_1", { sub_1: { status: "parked", workflowId: "retry_1" } });
    await insertAged(store, "evt_2", {}, { owner: "batch_2" });
    await insertAged(store, "evt_3", { sub_1: { status: "parked" } }, { owner: "batch_3" });
    const asked: string[] = [];
    const busy = new Set(["retry_1", "batch_2"]);
    const isIdle = async (workflows: ReadonlySet<string>) => {
      asked.push(...workflows);
      return new Set([...workflows].filter((id) => !busy.has(id)));
    };
    expect(await sweepAll(store, { isIdle })).toMatchObject({ events: new Map([["api_1", 1]]), open: 2 });
    expect(asked.sort()).toEqual(["batch_1", "batch_2", "batch_3", "retry_1"]);
    expect(await left(store, ["evt_1", "evt_2", "evt_3"])).toEqual({
      events: ["evt_1", "evt_2"],
      deliveries: ["evt_1.sub_1"],
    });
    busy.clear();
    expect(await sweepAll(store, { isIdle })).toMatchObject({ events: new Map([["api_1", 2]]), open: 0 });
  });

  it("keeps what was settled, or erased, less long ago than the retention", async () => {
    await insertAged(store, "evt_1", { sub_1: {}, sub_2: { updatedAt: CUTOFF } });
    await insertAged(store, "evt_2");
    await store.erasures.erase("event/evt_2", "key:1");
    expect(await sweepAll(store)).toMatchObject({ events: new Map(), open: 2 });
    expect((await left(store, ["evt_1", "evt_2"])).deliveries).toHaveLength(2);
  });

  it("goes by the cutoff of each api, shorter or longer, and by none", async () => {
    for (const apiId of ["api_long", "api_short", "api_ever", "api_other"])
      await insertAged(store, `evt_${apiId}`, {}, { apiId, acceptedAt: later(5 * DAY) });
    const byApi = new Map<string, Date | undefined>([
      ["api_long", later(2 * DAY)],
      ["api_short", later(20 * DAY)],
      ["api_ever", undefined],
    ]);
    expect(await sweepAll(store, { cutoffs: { byApi, others: CUTOFF } })).toMatchObject({
      events: new Map([
        ["api_other", 1],
        ["api_short", 1],
      ]),
    });
    expect(await sweepAll(store, { cutoffs: { byApi } })).toMatchObject({ events: new Map() });
  });

  it("comes to everything page by page, past what stays at the head", async () => {
    const ids = Array.from({ length: 260 }, (_, index) => `evt_${String(index).padStart(4, "0")}`);
    const isOpen = (index: number): boolean => index < 230 && index % 2 === 0;
    const events = ids.map((id, index) => event(id, "{}", { acceptedAt: later(index * 1_000) }));
    const deliveries = ids.map((id, index) =>
      delivery(id, "sub_1", { status: isOpen(index) ? "held" : "delivered", attempts: [] }),
    );
    // A busy test engine takes seconds for many in one write.
    for (let from = 0; from < ids.length; from += 20) {
      await store.events.insertMany(events.slice(from, from + 20));
      await store.deliveries.insertMany(deliveries.slice(from, from + 20));
    }
    const { steps, ...done } = await sweepAll(store);
    expect(done).toMatchObject({ events: new Map([["api_1", 145]]), deliveries: 145, open: 115 });
    if (!store.ferretDb) expect(steps).toBe(3);
    expect(await left(store, ids)).toEqual({
      events: ids.filter((_, index) => isOpen(index)),
      deliveries: ids.filter((_, index) => isOpen(index)).map((id) => `${id}.sub_1`),
    });
  });

  it("frees the id: it is published again as another event, which an earlier erasure does not touch", async () => {
    await insertAged(store, "order-1");
    await store.erasures.erase("event/order-1", "key:1");
    const cutoff = new Date(Date.now() + DAY);
    expect(await sweepAll(store, { cutoffs: { byApi: new Map(), others: cutoff } })).toMatchObject({
      events: new Map([["api_1", 1]]),
    });
    const again = event("order-1", "another", { acceptedAt: new Date(Date.now() + 2 * DAY) });
    expect(await store.events.insertMany([again])).toEqual([]);
    const second = delivery("order-1", "sub_1", { status: "delivered" });
    expect(await store.deliveries.insertMany([second])).toEqual([]);
    await store.erasures.reapply();
    expect(Buffer.from((await store.events.payload("order-1")) ?? []).toString()).toBe("another");
    await store.erasures.erase("event/order-1", "key:2");
    expect(await store.events.payload("order-1")).toBeUndefined();
  });
});

describe("the ages of events", () => {
  it("are those of the oldest, and of the one behind the newest of an api", async () => {
    expect(await store.retention.oldest()).toBeUndefined();
    for (const [index, apiId] of ["api_1", "api_2", "api_1", "api_1"].entries())
      await insertAged(store, `evt_${index}`, {}, { apiId, acceptedAt: later(index * DAY) });
    expect(await store.retention.oldest()).toEqual(later(0));
    expect(await store.retention.acceptedBehind("api_1", 0)).toEqual(later(3 * DAY));
    expect(await store.retention.acceptedBehind("api_1", 2)).toEqual(later(0));
    expect(await store.retention.acceptedBehind("api_1", 3)).toBeUndefined();
  });
});
