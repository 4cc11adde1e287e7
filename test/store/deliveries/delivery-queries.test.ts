/** Which deliveries are found, those of earlier releases too, and by which index on an engine that has them. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { DeliveryDocument } from "../../../src/store/deliveries/delivery-document.js";
import { fillSome } from "../../../src/store/deliveries/delivery-backfill.js";
import { conditions } from "../../../src/store/deliveries/delivery-queries.js";
import type { EventDocument } from "../../../src/store/collections/events.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { allOf } from "../../../src/store/mongo/paging.js";
import { createSingleScan } from "../../../src/store/mongo/scans.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, coded, delivery, event, later } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "queries");
  store = await database.openStore();
});
afterAll(() => database.close());

const deliveries = () => database.client.db(database.name).collection<DeliveryDocument>("deliveries");
/** As an earlier release wrote it. */
const aged = (id: string) => deliveries().updateOne({ _id: id }, { $unset: { eventId: "", apiId: "" } });

describe("deliveries of an event", () => {
  it(
    "are found by their field and, of earlier releases, by their id; ids that go on with a dot " +
      "are of other events",
    async () => {
      await store.deliveries.insertMany([
        delivery("a", "sub_1"),
        delivery("a", "sub_2"),
        { ...delivery("a.b", "sub_1"), id: "a.b.sub_1" },
        delivery("a-b", "sub_1"),
      ]);
      for (const id of ["a.sub_2", "a.b.sub_1"]) await aged(id);
      // As the first process of this release finds it: an engine with indexes gave the empty database its mark, and
      // fills the fields in.
      await database.client
        .db(database.name)
        .collection<{ _id: string }>("settings")
        .deleteOne({ _id: "deliveryFields" });
      const reopened = await database.openStore();
      const found = async (eventId: string) =>
        (await reopened.deliveries.list({ limit: 10 }, { eventId })).data.map(({ id }) => id).sort();
      expect(await found("a")).toEqual(["a.sub_1", "a.sub_2"]);
      expect(await found("a.b")).toEqual(["a.b.sub_1"]);
      expect(await store.deliveries.get("a.sub_2")).toMatchObject({ eventId: "a" });
      expect(await store.deliveries.expungeDetails("a")).toBe(true);
      for (const id of ["a.sub_1", "a.sub_2"])
        expect(await deliveries().findOne({ _id: id })).not.toHaveProperty("details");
      expect(await deliveries().findOne({ _id: "a.b.sub_1" })).toHaveProperty("details");
      expect(await store.deliveries.expungeDetails("a")).toBe(false);
      // What comes back later is found by the ids that are known by then.
      await store.deliveries.record([
        { id: "a.sub_2", groupId: "grp_1", attempt: attempt(2), attemptCount: 2, status: "retrying" },
      ]);
      expect(await store.deliveries.expungeDetails("a", [])).toBe(true);
    },
  );
});

it(
  "gives deliveries of earlier releases their event and their api, in batches that go on where " + "they stopped",
  async () => {
    const events = database.client.db(database.name).collection<EventDocument>("events");
    await store.events.insertMany([event("evt_old", "x", { apiId: "api_old" })]);
    await store.deliveries.insertMany(
      ["sub_1", "sub_2"].map((subscription) => delivery("evt_old", subscription, { apiId: "api_old" })),
    );
    for (const id of ["evt_old.sub_1", "evt_old.sub_2"]) await aged(id);
    while ((await fillSome(deliveries(), events)) > 0);
    for (const id of ["evt_old.sub_1", "evt_old.sub_2"])
      expect(await deliveries().findOne({ _id: id })).toMatchObject({ eventId: "evt_old", apiId: "api_old" });
    expect(await deliveries().findOne({ _id: "a.b.sub_1" })).toMatchObject({ eventId: "a.b" });
  },
);

it("makes one flat filter, with one range for a field that is bounded twice", () => {
  const [at, since] = [later(5), later(1)];
  expect(allOf([{ createdAt: { $gte: since } }, { createdAt: { $lte: at } }, { status: "held" }])).toEqual({
    createdAt: { $gte: since, $lte: at },
    status: "held",
  });
  expect(allOf([{ createdAt: { $lt: since } }, { createdAt: { $lt: at } }])).toEqual({
    $and: [{ createdAt: { $lt: since } }, { createdAt: { $lt: at } }],
  });
  expect(allOf([{ eventType: { $in: ["a"] } }, { eventType: "b" }])).toEqual({
    $and: [{ eventType: { $in: ["a"] } }, { eventType: "b" }],
  });
  expect(allOf([])).toEqual({});
});

it("asks by the api of a delivery only when every delivery names it", () => {
  const filter = { apiIds: ["api_1"], apiEventTypes: ["a.b"] };
  expect(conditions(filter, { filled: true })).toEqual([{ apiId: "api_1" }]);
  expect(conditions(filter, { filled: false })).toEqual([{ eventType: "a.b" }]);
});

describe("FerretDB's scans", () => {
  it("come one at a time, in their order, and one that fails holds up none", async () => {
    const scan = createSingleScan();
    let running = 0;
    const done: number[] = [];
    const one = (n: number) =>
      scan(async () => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        done.push(n);
        if (n === 1) throw new Error("no");
      });
    expect((await Promise.allSettled([0, 1, 2, 3].map(one))).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(done).toEqual([0, 1, 2, 3]);
  });
  it("are given up and stopped at the deadline, and say what to set; the next one runs", async () => {
    const scan = createSingleScan(50);
    let stopped = false;
    const slow = scan(
      ({ signal, maxTimeMS }) =>
        new Promise<never>((_resolve, reject) => {
          expect(maxTimeMS).toBeLessThanOrEqual(50);
          signal.addEventListener("abort", () => {
            stopped = true;
            reject(new Error("stopped"));
          });
        }),
    );
    await expect(slow).rejects.toThrow(coded("scan_too_long"));
    await expect(slow).rejects.toThrow(/MONGODB_URL/);
    expect(stopped).toBe(true);
    expect(await scan(async () => "next")).toBe("next");
  });
  it("that wait are bounded", async () => {
    const scan = createSingleScan(5_000);
    let end = (): void => undefined;
    const first = scan(() => new Promise<void>((resolve) => (end = resolve)));
    const waiting = Array.from({ length: 15 }, () => scan(async () => undefined));
    await expect(scan(async () => undefined)).rejects.toThrow(coded("scan_too_long"));
    end();
    await Promise.all([first, ...waiting]);
  });
});
