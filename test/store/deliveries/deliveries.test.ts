import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ATTEMPTS_KEPT } from "../../../src/store/deliveries/deliveries.js";
import type { DeliveryFilter } from "../../../src/store/store.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, coded, delivery, later } from "../fixtures.js";

describe("deliveries", () => {
  let database: TestDatabase;
  let store: MongoStore;

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "deliveries");
    store = await database.openStore();
  });
  afterAll(() => database.close());

  it("gives back everything singly, and all but the details in bulk", async () => {
    const full = delivery("evt.with.dots", "sub_1", {
      nextAttemptAt: later(5_000),
      workflowId: "w1",
      reason: "busy",
      attempts: [attempt(1), attempt(2, { status: 200, outcome: "delivered" })],
    });
    const { status: _none, ...refused } = attempt(1, { outcome: "network_refused", durationMs: 0 });
    const { detail: _detail, ...bare } = attempt(1);
    const without = delivery("evt_1", "sub_2", { attempts: [refused] });
    const pending = delivery("evt_1", "sub_3", { attempts: [], status: "pending", attemptCount: 0 });
    const lean = delivery("evt_1", "sub_4", { attempts: [bare] });
    const all = [full, without, pending, lean];
    expect(await store.deliveries.insertMany(all)).toEqual([]);
    for (const one of all) expect(await store.deliveries.get(one.id)).toEqual(one);
    const many = await store.deliveries.getMany([...all.map(({ id }) => id), "evt_none.sub_1"]);
    expect(many.size).toBe(4);
    expect(many.get(full.id)).toEqual({
      ...full,
      attempts: full.attempts.map(({ detail: _d, ...summary }) => summary),
    });
    expect(await store.deliveries.get("evt_none.sub_1")).toBeUndefined();
  });

  it("names what existed and inserts the rest", async () => {
    await store.deliveries.insertMany([delivery("evt_d1")]);
    expect(
      await store.deliveries.insertMany([
        delivery("evt_d0"),
        delivery("evt_d1", "sub_1", { status: "parked" }),
        delivery("evt_d2"),
      ]),
    ).toEqual(["evt_d1.sub_1"]);
    expect((await store.deliveries.get("evt_d1.sub_1"))?.status).toBe("retrying");
    expect((await store.deliveries.getMany(["evt_d0.sub_1", "evt_d2.sub_1"])).size).toBe(2);
  });

  it("records attempts and fields; null removes a field; twice is once", async () => {
    const before = delivery("evt_r", "sub_1", { workflowId: "w1", nextAttemptAt: later(1), reason: "busy" });
    await store.deliveries.insertMany([before, delivery("evt_s")]);
    const second = attempt(2, { status: 204, outcome: "delivered" });
    const change = {
      id: before.id,
      groupId: "grp_1",
      attempt: second,
      status: "delivered" as const,
      attemptCount: 2,
      nextAttemptAt: null,
      workflowId: null,
      reason: null,
    };
    await store.deliveries.record([
      change,
      { id: "evt_s.sub_1", status: "held", reason: "paused" },
      { id: "evt_none.sub_1", status: "held" },
    ]);
    await store.deliveries.record([change]);
    await store.deliveries.record([]);
    const after = await store.deliveries.get(before.id);
    const { workflowId: _w, nextAttemptAt: _n, reason: _r, ...kept } = before;
    expect(after).toEqual({
      ...kept,
      status: "delivered",
      attemptCount: 2,
      attempts: [attempt(1), second],
      updatedAt: after?.updatedAt,
    });
    expect(after?.updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime());
    expect(await store.deliveries.get("evt_s.sub_1")).toMatchObject({
      status: "held",
      reason: "paused",
      attempts: [attempt(1)],
    });
    expect(await store.deliveries.get("evt_none.sub_1")).toBeUndefined();
    await expect(store.deliveries.record([{ id: before.id, attempt: second, status: "parked" }])).rejects.toThrow(
      /groupId/,
    );
  });

  it("loses none of 50 attempts recorded at the same time", async () => {
    await store.deliveries.insertMany([
      delivery("evt_busy", "sub_1", { attempts: [] }),
      delivery("evt_calm", "sub_1", { attempts: [] }),
    ]);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        ["evt_busy.sub_1", "evt_calm.sub_1"].map((id) => ({
          id,
          groupId: "grp_1",
          status: "retrying" as const,
          attempt: attempt(i + 1),
        })),
      ).map((changes) => store.deliveries.record(changes)),
    );
    for (const id of ["evt_busy.sub_1", "evt_calm.sub_1"])
      expect((await store.deliveries.get(id))?.attempts.map(({ number }) => number)).toEqual(
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
  });

  it("keeps the newest attempts only, in order", async () => {
    await store.deliveries.insertMany([delivery("evt_many")]);
    for (let number = 2; number <= ATTEMPTS_KEPT + 5; number++) {
      await store.deliveries.record([
        { id: "evt_many.sub_1", groupId: "grp_1", status: "retrying", attemptCount: number, attempt: attempt(number) },
      ]);
    }
    const kept = await store.deliveries.get("evt_many.sub_1");
    expect(kept?.attempts.map(({ number }) => number)).toEqual(Array.from({ length: ATTEMPTS_KEPT }, (_, i) => i + 6));
    expect(kept?.attempts.every(({ detail }) => detail?.responseBody === "busy")).toBe(true);
    const raw = await database.client
      .db(database.name)
      .collection<{ _id: string; details: object }>("deliveries")
      .findOne({ _id: "evt_many.sub_1" });
    expect(Object.keys(raw?.details ?? {})).toHaveLength(ATTEMPTS_KEPT);
  });

  it("lists by every filter, newest first", async () => {
    const make = (eventId: string, i: number, fields: object) =>
      delivery(eventId, `sub_l${i % 2}`, {
        groupId: `grp_l${i % 3}`,
        eventType: `list.type${i % 2}`,
        createdAt: later(1_000_000 + i),
        ...fields,
      });
    await store.deliveries.insertMany([
      make("l", 0, { status: "parked" }),
      make("l.1", 1, { status: "held" }),
      make("l.1", 2, { status: "delivered" }),
      make("l+1", 3, { status: "pending" }),
      make("lx1", 4, { status: "exhausted" }),
    ]);
    const since = later(1_000_000);
    const ids = async (filter: DeliveryFilter, limit = 250) =>
      (await store.deliveries.list({ limit }, { since, ...filter })).data.map(({ id }) => id);
    expect(await ids({})).toEqual(["lx1.sub_l0", "l~2B1.sub_l1", "l~2E1.sub_l0", "l~2E1.sub_l1", "l.sub_l0"]);
    expect(await ids({ eventId: "l.1" })).toEqual(["l~2E1.sub_l0", "l~2E1.sub_l1"]);
    expect(await ids({ eventId: "l" })).toEqual(["l.sub_l0"]);
    expect(await ids({ eventId: "l+1" })).toEqual(["l~2B1.sub_l1"]);
    expect(await ids({ subscriptionId: "sub_l1" })).toEqual(["l~2B1.sub_l1", "l~2E1.sub_l1"]);
    expect(await ids({ eventType: "list.type0" })).toEqual(["lx1.sub_l0", "l~2E1.sub_l0", "l.sub_l0"]);
    expect(await ids({ groupIds: ["grp_l0", "grp_l2"] })).toEqual(["l~2B1.sub_l1", "l~2E1.sub_l0", "l.sub_l0"]);
    expect(await ids({ groupIds: [] })).toEqual([]);
    expect(await ids({ apiEventTypes: ["list.type1"], eventType: "list.type0" })).toEqual([]);
    expect(await ids({ status: ["parked", "held"] })).toEqual(["l~2E1.sub_l1", "l.sub_l0"]);
    expect(await ids({ until: later(1_000_001) })).toEqual(["l.sub_l0"]);
    const first = await store.deliveries.list({ limit: 3 }, { since });
    expect(first.data[0]?.attempts).toEqual([
      { number: 1, at: later(1_000), outcome: "http_5xx", status: 503, durationMs: 12.5 },
    ]);
    const second = await store.deliveries.list({ limit: 3, cursor: first.next ?? "" }, { since });
    expect(second.data.map(({ id }) => id)).toEqual(["l~2E1.sub_l1", "l.sub_l0"]);
    expect(second.next).toBeUndefined();
    await expect(store.deliveries.list({ limit: 3, cursor: "x" }, {})).rejects.toThrow(coded("cursor_invalid"));
  });

  it("finds open workflows and the oldest delivery that is under way", async () => {
    const own = await openDatabase(inject("mongodbUrl"), "open");
    try {
      const { deliveries } = await own.openStore();
      expect(await deliveries.oldestUndelivered()).toBeUndefined();
      await deliveries.insertMany([
        delivery("e1", "sub_1", { status: "delivered", createdAt: later(1) }),
        delivery("e2", "sub_1", { status: "parked", workflowId: "w2", createdAt: later(2) }),
        delivery("e3", "sub_1", { status: "held", workflowId: "w3", createdAt: later(3) }),
        delivery("e4", "sub_1", { status: "retrying", workflowId: "w3", createdAt: later(4) }),
        delivery("e5", "sub_1", { status: "cancelled", workflowId: "w5", createdAt: later(5) }),
        delivery("e6", "sub_2", { status: "held", workflowId: "w6", createdAt: later(6) }),
      ]);
      expect((await deliveries.openWorkflows("sub_1")).sort()).toEqual(["w2", "w3"]);
      expect(await deliveries.oldestUndelivered()).toEqual(later(3));
    } finally {
      await own.close();
    }
  });

  it("shows the delivery without details once the group's key is destroyed", async () => {
    const gone = delivery("evt_gone", "sub_1", { groupId: "grp_gone" });
    await store.deliveries.insertMany([gone]);
    await store.keyring.destroy("group/grp_gone");
    const after = await store.deliveries.get(gone.id);
    expect(after?.attempts).toEqual([
      { number: 1, at: later(1_000), outcome: "http_5xx", status: 503, durationMs: 12.5 },
    ]);
  });
});
