/** Filters on the newest attempt, in deliveries of this release and of earlier ones, and counts that stop. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { DeliveryDocument } from "../../../src/store/deliveries/delivery-document.js";
import { lastConditions, matchesLast } from "../../../src/store/deliveries/last-attempt.js";
import type { Delivery } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { DeliveryFilter } from "../../../src/store/store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, delivery, later } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "last");
  store = await database.openStore();
  await store.deliveries.insertMany(MADE);
  await store.deliveries.record([
    // It failed with 503 and is delivered now, after 40 ms.
    {
      id: "evt_retried.sub_1",
      groupId: "grp_1",
      attempt: attempt(2, { outcome: "delivered", status: 200, durationMs: 40 }),
      attemptCount: 2,
      status: "delivered",
    },
  ]);
  for (const id of ["evt_old_slow.sub_1", "evt_old_none.sub_1"])
    await documents().updateOne({ _id: id }, { $unset: { last: "" } });
});
afterAll(() => database.close());

const documents = () => database.client.db(database.name).collection<DeliveryDocument>("deliveries");
let made = 0;
const one = (name: string, fields: Partial<Delivery>): Delivery =>
  delivery(`evt_${name}`, "sub_1", { createdAt: later(made++), ...fields });
const after = (fields: Parameters<typeof attempt>[1]) => ({ attemptCount: 1, attempts: [attempt(1, fields)] });
const { status: _status, ...TIMEOUT } = attempt(1, { outcome: "timeout_headers", durationMs: 20_000 });

const MADE: Delivery[] = [
  one("fine", after({ outcome: "delivered", status: 200, durationMs: 5 })),
  one("bad", after({ outcome: "http_4xx", status: 400, durationMs: 7 })),
  one("odd", after({ outcome: "http_4xx", status: 422, durationMs: 300 })),
  one("timeout", { attemptCount: 1, attempts: [TIMEOUT] }),
  one("retried", after({ outcome: "http_5xx", status: 503, durationMs: 9_000 })),
  one("new", { attemptCount: 0, attempts: [] }),
  one("old_slow", {
    attemptCount: 2,
    attempts: [attempt(1, { durationMs: 1 }), attempt(2, { outcome: "http_4xx", status: 404, durationMs: 6_000 })],
  }),
  one("old_none", { attemptCount: 0, attempts: [] }),
];
const EACH: [string, DeliveryFilter, string[]][] = [
  ["one status", { httpStatus: [{ from: 400, to: 400 }] }, ["bad"]],
  ["a class", { httpStatus: [{ from: 400, to: 499 }] }, ["bad", "odd", "old_slow"]],
  [
    "several",
    {
      httpStatus: [
        { from: 400, to: 400 },
        { from: 200, to: 299 },
      ],
    },
    ["fine", "bad", "retried"],
  ],
  ["a status that came before the newest attempt", { httpStatus: [{ from: 503, to: 503 }] }, []],
  ["an outcome", { outcome: ["timeout_headers"] }, ["timeout"]],
  ["outcomes", { outcome: ["delivered", "timeout_headers"] }, ["fine", "timeout", "retried"]],
  ["a duration", { durationMin: 300 }, ["odd", "timeout", "old_slow"]],
  ["all together", { durationMin: 300, outcome: ["http_4xx"], httpStatus: [{ from: 404, to: 404 }] }, ["old_slow"]],
  ["attempts", { attemptsMin: 2 }, ["retried", "old_slow"]],
  ["a delivery", { named: { deliveryId: "evt_odd.sub_1" } }, ["odd"]],
  ["a delivery or an event", { named: { deliveryId: "evt_odd.sub_1", eventId: "evt_bad" } }, ["bad", "odd"]],
];

describe("a filter", () => {
  it.each(EACH)("by %s finds what is meant, and counts as much", async (_what, filter, names) => {
    const found = async (order: "asc" | "desc") =>
      (await store.deliveries.list({ limit: 50, order }, filter)).data.map(({ eventId }) => eventId);
    const expected = names.map((name) => `evt_${name}`);
    expect(await found("asc")).toEqual(expected);
    expect(await found("desc")).toEqual([...expected].reverse());
    expect(await store.deliveries.count(filter, 100)).toEqual({ count: names.length, exact: true });
  });

  it("fills each page, whatever lies between", async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.deliveries.list(
        { limit: 1, order: "asc", ...(cursor !== undefined && { cursor }) },
        { httpStatus: [{ from: 400, to: 499 }] },
      );
      expect(page.data).toHaveLength(1);
      names.push(...page.data.map(({ eventId }) => eventId));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(names).toEqual(["evt_bad", "evt_odd", "evt_old_slow"]);
  });

  it("asks nothing of the newest attempt unless it is about it", () => {
    expect(lastConditions({})).toEqual([]);
    expect(matchesLast({ attempts: [] }, {})).toBe(true);
  });
});

describe("a count", () => {
  it("stops above the most, in the server and here", async () => {
    expect(await store.deliveries.count({}, 3)).toEqual({ count: 3, exact: false });
    expect(await store.deliveries.count({}, MADE.length)).toEqual({ count: MADE.length, exact: true });
    expect(await store.deliveries.count({ outcome: ["http_4xx"] }, 2)).toEqual({ count: 2, exact: false });
  });
  it("leaves out what may not be seen", async () => {
    const sees = ({ eventId }: Delivery): boolean => eventId !== "evt_bad";
    expect(await store.deliveries.count({}, 100, sees)).toEqual({ count: MADE.length - 1, exact: true });
  });
});

it("an attempt that is recorded late does not become the newest one", async () => {
  await store.deliveries.insertMany([one("late", { ...after({ outcome: "http_4xx", status: 400 }), attemptCount: 3 })]);
  await store.deliveries.record([
    { id: "evt_late.sub_1", groupId: "grp_1", attempt: attempt(2, { status: 500 }), attempts: 3, status: "retrying" },
  ]);
  expect(await documents().findOne({ _id: "evt_late.sub_1" })).toMatchObject({
    attempts: { 2: expect.stringContaining("500") as string },
    last: { outcome: "http_4xx", status: 400 },
  });
});
