/** What is old enough is found by an index, and on FerretDB from the head of the collection, never again and again. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { EventDocument } from "../../../src/store/collections/events.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { agedFilter, cutoffOf } from "../../../src/store/retention/due-events.js";
import { type CommandLog, logCommands } from "../../support/command-log.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { delivery, event, later } from "../fixtures.js";
import { CUTOFF, DAY, sweepAll } from "./aged.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "due");
  store = await database.openStore();
});
afterAll(() => database.close());

describe("a cutoff", () => {
  it("is the one of the api, or that of the others", () => {
    const byApi = new Map([
      ["api_1", later(1)],
      ["api_ever", undefined],
    ]);
    expect(cutoffOf({ byApi, others: later(2) }, "api_1")).toEqual(later(1));
    expect(cutoffOf({ byApi, others: later(2) }, "api_ever")).toBeUndefined();
    expect(cutoffOf({ byApi, others: later(2) }, "api_2")).toEqual(later(2));
    expect(cutoffOf({ byApi }, "api_2")).toBeUndefined();
  });
});

it("an index finds what is old enough, and the bound of the next page enters it there", async (context) => {
  if (store.ferretDb) return context.skip("This engine has no secondary indexes.");
  const db = database.client.db(database.name);
  const events = db.collection<EventDocument>("events");
  const order = { acceptedAt: 1, _id: 1 } as const;
  const lanes = { apiId: 1, ...order } as const;
  // SecantusDB scans for alternatives, MongoDB does not.
  const { $or: behind, ...bound } = agedFilter({ apiId: "api_1", at: later(5).getTime(), id: "evt_5" }, CUTOFF);
  expect(behind).toHaveLength(2);
  const plans = [
    events
      .find(agedFilter({ apiId: "api_1" }, CUTOFF))
      .sort(order)
      .limit(200),
    events.find(bound).sort(order).limit(200),
    events
      .find({ apiId: { $gt: "api_1" } })
      .sort(lanes)
      .limit(1),
    events.find({ apiId: "api_1" }).sort({ acceptedAt: -1, _id: -1 }).skip(2).limit(1),
    db.collection("deliveries").find({ eventId: "evt_1" }),
  ];
  for (const plan of plans) {
    const text = JSON.stringify(await plan.explain("queryPlanner"));
    expect(text).toMatch(/"IXSCAN"/);
    expect(text).not.toMatch(/"COLLSCAN"/);
  }
});

describe("on FerretDB", () => {
  let log: CommandLog;
  beforeAll(async () => void (log = await logCommands(inject("mongodbUrl"))));
  afterAll(() => log?.close());
  beforeEach((context) => {
    if (!store.ferretDb) context.skip("only FerretDB reads without indexes");
  });

  it("every command names one id or reads from the head, and the deliveries are read once for a page", async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `evt_f${String(index).padStart(3, "0")}`);
    await store.events.insertMany(ids.map((id, index) => event(id, "{}", { acceptedAt: later(index * DAY) })));
    await store.deliveries.insertMany(ids.map((id) => delivery(id, "sub_1", { status: "delivered", attempts: [] })));
    const logged = await connectStore({
      mongodbUrl: log.url,
      database: database.name,
      masterKeys: database.masterKeys,
    });
    try {
      log.commands.length = 0;
      expect(await sweepAll(logged, { cutoffs: { byApi: new Map(), others: later(40 * DAY) } })).toMatchObject({
        events: new Map([["api_1", 40]]),
        steps: 1,
      });
      const own = log.commands.filter(({ collection }) => ["events", "deliveries", "holds"].includes(collection));
      const filters = own.flatMap(({ name, body }) =>
        [body["filter"], ...[body["updates"], body["deletes"]].flat().map((each) => (each as { q?: unknown })?.q)]
          .filter((filter) => filter !== undefined)
          .map((filter) => ({ name, sorted: body["sort"] !== undefined, filter: filter as Record<string, unknown> })),
      );
      expect(filters.length).toBeGreaterThan(100);
      for (const { name, sorted, filter } of filters)
        expect(
          typeof filter["_id"] === "string" || (name === "find" && !sorted && Object.keys(filter).length === 0),
          JSON.stringify(filter),
        ).toBe(true);
      const whole = own.filter(
        ({ name, collection, body }) =>
          name === "find" && collection === "deliveries" && Object.keys(body["filter"] as object).length === 0,
      );
      expect(whole).toHaveLength(1);
    } finally {
      await logged.close();
    }
  });
});
