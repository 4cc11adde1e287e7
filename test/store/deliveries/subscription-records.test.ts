/** What the records tell of one subscription, and by which index it is read on an engine that has them. */
import { newId } from "../../../src/store/ids.js";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { type DeliveryDocument, documentOf } from "../../../src/store/deliveries/delivery-document.js";
import { RECORDS_READ, WAITING_LISTED } from "../../../src/store/deliveries/subscription-records.js";
import type { Delivery } from "../../../src/store/model.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, delivery, later } from "../fixtures.js";

const HOUR = 3_600_000;
let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "records");
  store = await database.openStore();
});
afterAll(() => database.close());

const made = (id: string, subscriptionId: string, hour: number, fields: Partial<Delivery>): Delivery =>
  delivery(id, subscriptionId, { createdAt: later(hour * HOUR), attempts: [], attemptCount: 0, ...fields });
const tried = (hour: number, outcome: string, number = 1) =>
  attempt(number, { at: later(hour * HOUR), outcome, ...(outcome === "delivered" && { status: 204 }) });

describe("the records of a subscription", () => {
  it("hold its attempts oldest first, of new deliveries and of old ones that wait, each once", async () => {
    await store.deliveries.insertMany([
      made("r1", "sub_r", 0, { status: "retrying", attempts: [tried(0, "http_5xx"), tried(50, "timeout_connect", 2)] }),
      made("r2", "sub_r", 1, { status: "delivered", attempts: [tried(1, "delivered")] }),
      made("r3", "sub_r", 40, { status: "delivered", attempts: [tried(40, "http_5xx"), tried(45, "delivered", 2)] }),
      made("r4", "sub_r", 48, { status: "retrying", attempts: [tried(48, "http_5xx")] }),
      made("r5", "sub_r", 49, { status: "parked", attempts: [tried(49, "http_4xx")] }),
      made("r6", "sub_r", 49, { status: "pending" }),
      made("other", "sub_other", 49, { status: "parked", attempts: [tried(49, "http_4xx")] }),
    ]);
    const records = await store.deliveries.recordsOf("sub_r", later(30 * HOUR));
    expect(records.attempts.map(({ at, outcome }) => [(at.getTime() - later(0).getTime()) / HOUR, outcome])).toEqual([
      [0, "http_5xx"],
      [40, "http_5xx"],
      [45, "delivered"],
      [48, "http_5xx"],
      [49, "http_4xx"],
      [50, "timeout_connect"],
    ]);
    expect(records).toMatchObject({
      completeSince: later(30 * HOUR),
      waiting: { retrying: 2, pending: 1 },
      parked: 1,
      waitingExact: true,
      lastSuccess: { at: later(45 * HOUR), status: 204 },
      lastFailure: { at: later(50 * HOUR), outcome: "timeout_connect" },
    });
    expect(records.attempts.every((each) => !("detail" in each))).toBe(true);
  });

  it("name the last success and the last failure, however long ago", async () => {
    await store.deliveries.insertMany([
      made("q1", "sub_q", 1, { status: "delivered", attempts: [tried(1, "http_5xx"), tried(2, "delivered", 2)] }),
      made("q2", "sub_q", 3, { status: "exhausted", attempts: [tried(3, "http_5xx")] }),
    ]);
    const records = await store.deliveries.recordsOf("sub_q", later(30 * HOUR));
    expect(records).toMatchObject({
      attempts: [],
      waiting: {},
      lastSuccess: { at: later(2 * HOUR) },
      lastFailure: { at: later(3 * HOUR) },
    });
  });

  it("of a subscription without deliveries are empty", async () => {
    expect(await store.deliveries.recordsOf("sub_none", later(0))).toEqual({
      attempts: [],
      completeSince: later(0),
      waiting: {},
      parked: 0,
      waitingExact: true,
    });
  });

  it("count what waits for several at once, up to a bound", async () => {
    const [few, many, none] = [newId("sub"), newId("sub"), newId("sub")];
    const wait = (subscriptionId: string, status: Delivery["status"], count: number) =>
      Array.from({ length: count }, (_, n) => made(`${status}${n}`, subscriptionId, 1, { status }));
    await store.deliveries.insertMany([
      ...wait(few, "throttled", 2),
      ...wait(few, "parked", 1),
      ...wait(few, "delivered", 5),
      ...wait(none, "exhausted", 1),
    ]);
    const documents = wait(many, "held", WAITING_LISTED + 1).map((each) => documentOf(each, new Map()));
    await database.client.db(database.name).collection<DeliveryDocument>("deliveries").insertMany(documents);
    expect(await store.deliveries.waitingOf([few, many, none])).toEqual(
      new Map([
        [few, { waiting: { count: 2, exact: true }, parked: { count: 1, exact: true } }],
        [many, { waiting: { count: WAITING_LISTED, exact: false }, parked: { count: 0, exact: true } }],
      ]),
    );
    expect(await store.deliveries.waitingOf([])).toEqual(new Map());
  });

  it("are bounded, and say from when on they are complete", async () => {
    // A second try of this test has records of its own.
    const own = newId("sub");
    const many = Array.from({ length: RECORDS_READ + 5 }, (_, index) =>
      delivery(`${own}-${index}`, own, {
        createdAt: later(index * 1_000),
        status: "delivered",
        attempts: [{ ...tried(0, "delivered"), at: later(index * 1_000) }],
      }),
    );
    // Without the deadline that a write of the store has: a busy test engine takes seconds for a hundred of them.
    const documents = many.map((each) => documentOf(each, new Map()));
    await database.client.db(database.name).collection<DeliveryDocument>("deliveries").insertMany(documents);
    const records = await store.deliveries.recordsOf(own, later(0));
    expect(records.attempts).toHaveLength(RECORDS_READ);
    expect(records.completeSince).toEqual(later(5_000));
  });
});

it("are read by an index", async (context) => {
  const collection = database.client.db(database.name).collection<DeliveryDocument>("deliveries");
  const names = await collection.indexes().then((found) => found.map(({ key }) => Object.keys(key).join()));
  if (!names.includes("subscriptionId,createdAt,_id")) return context.skip("This engine has no secondary indexes.");
  const sort = { createdAt: -1, _id: -1 } as const;
  for (const filter of [
    { subscriptionId: "sub_b", createdAt: { $gte: later(0) } },
    { subscriptionId: "sub_b", status: { $in: ["retrying" as const, "held" as const] } },
    { subscriptionId: "sub_b", status: { $in: ["delivered" as const] } },
  ]) {
    const plan = JSON.stringify(await collection.find(filter).sort(sort).limit(10).explain("queryPlanner"));
    expect(plan, JSON.stringify(filter)).toMatch(/"IXSCAN"/);
    expect(plan, JSON.stringify(filter)).not.toMatch(/"COLLSCAN"/);
  }
});
