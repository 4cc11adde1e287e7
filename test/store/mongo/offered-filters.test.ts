/**
 * Every combination of the filters that lists offer meets an index, in the order of the list. The rule holds on any
 * engine, because it compares filters with the table of indexes. An engine that explains its plans is asked as well.
 */
import type { Document, Filter } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deliveryFilter } from "../../../src/api/deliveries/delivery-query.js";
import { eventCountQuery } from "../../../src/api/deliveries/schemas.js";
import type { EventFilter } from "../../../src/store/collections/event-store.js";
import { eventMatch } from "../../../src/store/collections/events.js";
import type { DeliveryFilter } from "../../../src/store/deliveries/delivery-filter.js";
import { conditions } from "../../../src/store/deliveries/delivery-queries.js";
import { INDEXES } from "../../../src/store/mongo/indexes.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { allOf } from "../../../src/store/mongo/paging.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { AT, delivery, event, later } from "../fixtures.js";

type Found = Filter<Document & { _id: string }>;

/** What each filter of the API becomes in the store: not given, or one of these. */
const OF_DELIVERIES: Record<keyof typeof deliveryFilter.shape, Partial<DeliveryFilter>[]> = {
  groupId: [{ groupIds: ["grp_1"] }, { groupIds: ["grp_1", "grp_2"] }],
  // Asked for, or what a provider's key is limited to.
  apiId: [{ apiIds: ["api_1"], apiEventTypes: ["payments.invoice.paid"] }],
  status: [{ status: ["parked"] }, { status: ["parked", "exhausted"] }],
  subscriptionId: [{ subscriptionId: "sub_1" }],
  eventType: [{ eventType: "payments.invoice.paid" }],
  eventId: [{ eventId: "evt_1" }],
  q: [{ named: { deliveryId: "evt_1.sub_1", eventId: "evt_1.sub_1" } }],
  httpStatus: [{ httpStatus: [{ from: 400, to: 499 }] }],
  outcome: [{ outcome: ["http_4xx"] }],
  // To the store it is outcomes.
  fault: [],
  durationMin: [{ durationMin: 100 }],
  attemptsMin: [{ attemptsMin: 2 }],
  since: [{ since: AT }],
  until: [{ until: later(60_000) }],
};
/** `ceSource` and `ceId` name one event, which is read by its id. */
const OF_EVENTS: Record<Exclude<keyof typeof eventCountQuery.shape, "ceSource" | "ceId">, Partial<EventFilter>[]> = {
  apiId: [{ apiIds: ["api_1"] }, { apiIds: ["api_1", "api_2"] }],
  type: [{ type: "payments.invoice.paid" }],
  since: [{ since: AT }],
  until: [{ until: later(60_000) }],
};
/** They are judged along the index of the list, each by a condition on the documents that it leads to. */
const ALONG = new Set(["httpStatus", "outcome", "durationMin", "attemptsMin"]);

/** Each way to give some of the filters and not the others. */
function combinations<F>(table: Record<string, Partial<F>[]>): Partial<F>[] {
  return Object.values(table).reduce<Partial<F>[]>(
    (all, values) => all.flatMap((before) => [before, ...values.map((value) => ({ ...before, ...value }))]),
    [{}],
  );
}

/** Fields that must have one of some values. */
const bound = (filter: Found): string[] =>
  Object.entries(filter).flatMap(([field, value]) =>
    typeof value === "string" || (typeof value === "object" && value !== null && "$in" in value) ? [field] : [],
  );

/** The index that serves the list: all of its fields before the time are bound. The most of them is the best. */
function indexFor(collection: string, time: string, filter: Found): string[] | undefined {
  const fields = new Set(bound(filter));
  const fitting = INDEXES.filter((index) => index.collection === collection && !index.partialFilterExpression)
    .map(({ key }) => Object.keys(key))
    .filter((key) => key.at(-2) === time && key.at(-1) === "_id")
    .map((key) => key.slice(0, -2))
    .filter((before) => before.every((field) => fields.has(field)));
  return fitting.sort((a, b) => b.length - a.length)[0];
}

/** Fields of which a list is led by one, if it is asked for. */
const LEADING = ["groupId", "status", "subscriptionId", "eventType", "apiId", "type"];
/** One event or one delivery has few documents, whatever else is asked for. */
const isOfFew = (filter: Found): boolean => bound(filter).includes("eventId") || "$or" in filter;

const deliveriesBy = (filter: DeliveryFilter): Found => allOf(conditions(filter, { filled: true }) as Found[]);
const eventsBy = (filter: EventFilter): Found => allOf(eventMatch(filter) as Found[]);

describe("each filter of the API", () => {
  it("stands in these tables", () => {
    expect(Object.keys(OF_DELIVERIES).sort()).toEqual(Object.keys(deliveryFilter.shape).sort());
    const ofEvents = Object.keys(eventCountQuery.shape).filter((name) => name !== "ceSource" && name !== "ceId");
    expect(Object.keys(OF_EVENTS).sort()).toEqual(ofEvents.sort());
  });
});

describe.each([
  ["deliveries", "createdAt", () => combinations<DeliveryFilter>(without(OF_DELIVERIES, ALONG)).map(deliveriesBy)],
  ["events", "acceptedAt", () => combinations<EventFilter>(OF_EVENTS).map(eventsBy)],
] as const)("lists of %s", (collection, time, filters) => {
  it("are led by a field that was asked for, in the order of the list", () => {
    const scanned = filters().filter((filter) => {
      const asked = bound(filter).filter((field) => LEADING.includes(field));
      const index = indexFor(collection, time, filter);
      return !isOfFew(filter) && (index === undefined || (asked.length > 0 && index.length === 0));
    });
    expect(scanned).toEqual([]);
  });
});

it.each([["groupId"], ["subscriptionId"]])("with a status as well, %s and status lead together", (field) => {
  expect(indexFor("deliveries", "createdAt", { [field]: "x", status: { $in: ["parked"] } })).toEqual([field, "status"]);
});

function without<T>(table: Record<string, T>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !names.has(name)));
}

/**
 * SecantusDB takes an index only if the filter says of each of its fields which value it has, and says nothing else but
 * the time. MongoDB takes one for a part of the filter, so there every combination is asked for.
 */
const PLANS_SIMPLY = process.env["SEALPOST_TEST_DATABASE"] === "secantusdb";

function isWholeIndex(collection: string, time: string, filter: Found): boolean {
  const fields = Object.keys(filter).filter((field) => field !== time);
  const isOfOne = Object.values(filter).every(
    (value) => !(typeof value === "object" && value !== null && "$in" in value),
  );
  return isOfOne && !isOfFew(filter) && indexFor(collection, time, filter)?.length === fields.length;
}

describe("a database that explains its plans", () => {
  let database: TestDatabase;
  let store: MongoStore;
  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "offered");
    store = await database.openStore();
    const ids = Array.from({ length: 20 }, (_, n) => `evt_${n}`);
    await store.events.insertMany(ids.map((id) => event(id)));
    await store.deliveries.insertMany(ids.map((id) => delivery(id)));
  });
  afterAll(() => database.close());

  /** Stages of the plan that won, from the whole to its parts. */
  async function stages(collection: string, filter: Found, time: string): Promise<string[]> {
    const found = database.client.db(database.name).collection<Document & { _id: string }>(collection).find(filter);
    const plan = (await found
      .sort({ [time]: -1, _id: -1 })
      .limit(51)
      .explain("queryPlanner")) as { queryPlanner?: { winningPlan?: unknown } };
    return [...JSON.stringify(plan.queryPlanner?.winningPlan ?? plan).matchAll(/"stage":"(\w+)"/g)].map(([, name]) =>
      String(name),
    );
  }

  it.for([
    ["deliveries", "createdAt", () => combinations<DeliveryFilter>(OF_DELIVERIES).map(deliveriesBy)],
    ["events", "acceptedAt", () => combinations<EventFilter>(OF_EVENTS).map(eventsBy)],
  ] as const)("reads no list of %s document by document", async ([collection, time, filters], { skip }) => {
    skip(store.ferretDb, "FerretDB uses no index but that of _id");
    const scanned: string[] = [];
    const asked = filters().filter((filter) => !PLANS_SIMPLY || isWholeIndex(collection, time, filter));
    expect(asked.length).toBeGreaterThan(3);
    for (const filter of asked) {
      const names = await stages(collection, filter, time);
      if (names.length === 0 || names.includes("COLLSCAN")) scanned.push(`${JSON.stringify(filter)}: ${names.join()}`);
    }
    expect(scanned).toEqual([]);
  });
});
