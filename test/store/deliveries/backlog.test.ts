/** What waits, by whom it is seen. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Delivery } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { delivery, later } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;

const made = (id: string, minute: number, fields: Partial<Delivery>): Delivery =>
  delivery(id, fields.subscriptionId ?? "sub_1", {
    createdAt: later(minute * 60_000),
    attempts: [],
    attemptCount: 0,
    ...fields,
  });

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "backlog");
  store = await database.openStore();
  await store.deliveries.insertMany([
    made("a", 9, { status: "retrying" }),
    made("b", 3, { status: "held" }),
    made("c", 1, { status: "parked" }),
    made("d", 0, { status: "delivered" }),
    made("e", 0, { status: "exhausted" }),
    made("f", 5, { status: "pending", subscriptionId: "sub_2", groupId: "grp_2" }),
    made("g", 6, { status: "throttled", subscriptionId: "sub_2", groupId: "grp_2", eventType: "other.type" }),
    made("h", 7, { status: "parked", subscriptionId: "sub_2", groupId: "grp_2" }),
  ]);
});
afterAll(() => database.close());

describe("the backlog", () => {
  it("counts by status and subscription what waits, and apart from it what is parked", async () => {
    expect(await store.deliveries.backlog({}, 100)).toEqual({
      waiting: { count: 4, exact: true },
      parked: { count: 2, exact: true },
      byStatus: { pending: 1, retrying: 1, throttled: 1, held: 1 },
      bySubscription: new Map([
        ["sub_1", 2],
        ["sub_2", 2],
      ]),
      oldest: later(3 * 60_000),
    });
  });

  it("is that of some groups, and of what may be seen", async () => {
    const theirs = await store.deliveries.backlog({ groupIds: ["grp_2"] }, 100);
    expect(theirs).toMatchObject({ waiting: { count: 2 }, parked: { count: 1 }, oldest: later(5 * 60_000) });
    expect([...theirs.bySubscription.keys()]).toEqual(["sub_2"]);
    const seen = await store.deliveries.backlog({}, 100, ({ eventType }) => eventType === "other.type");
    expect(seen).toMatchObject({ waiting: { count: 1 }, parked: { count: 0 }, oldest: later(6 * 60_000) });
  });

  it("stops at each bound, and parked ones do not hide what waits", async () => {
    expect(await store.deliveries.backlog({}, 2)).toEqual({
      waiting: { count: 2, exact: false },
      parked: { count: 2, exact: true },
      byStatus: { pending: 1, retrying: 0, throttled: 0, held: 1 },
      bySubscription: new Map([
        ["sub_1", 1],
        ["sub_2", 1],
      ]),
      oldest: later(3 * 60_000),
    });
  });

  it("of nobody's deliveries is empty", async () => {
    expect(await store.deliveries.backlog({ groupIds: ["grp_none"] }, 100)).toEqual({
      waiting: { count: 0, exact: true },
      parked: { count: 0, exact: true },
      byStatus: { pending: 0, retrying: 0, throttled: 0, held: 0 },
      bySubscription: new Map(),
    });
  });
});
