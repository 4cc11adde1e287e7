/** At most so many calls to the store are under way. What acceptance needs never waits behind the others. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { type Proxy, startProxy } from "../../../bench/chaos/proxy.js";
import { callBounds } from "../../../src/store/mongo/connection.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { createFewScans } from "../../../src/store/mongo/scans.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { coded, delivery, event } from "../fixtures.js";

it.each([
  [64, { commits: 4, others: 60, lists: 8 }],
  [16, { commits: 4, others: 12, lists: 2 }],
  [8, { commits: 2, others: 6, lists: 1 }],
  [4, { commits: 1, others: 3, lists: 1 }],
])("%i calls are divided", (calls, bounds) => {
  expect(callBounds(calls)).toEqual(bounds);
});

const CALLS = 8;
const { others } = callBounds(CALLS);
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `evt_${n}`);
const ended = (works: Promise<unknown>[]): Promise<string[]> =>
  Promise.all(
    works.map((work) =>
      work.then(
        () => "done",
        (error: unknown) => (error as { code?: string }).code ?? "failed",
      ),
    ),
  );

describe(`a process that may make ${CALLS} calls at once`, () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let store: MongoStore;
  let underWay = 0;
  let most = 0;

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "calls");
    // What is held reaches the server also after its client has given it up, as bytes do that are in a network.
    proxy = await startProxy(() => new URL(inject("mongodbUrl")).host, {
      holds: (bytes) => bytes.includes("deliveries") || bytes.includes("groups"),
      delivers: true,
    });
  });
  beforeEach(async () => {
    store = await connectStore({
      mongodbUrl: `mongodb://${proxy.address}/?directConnection=true`,
      database: database.name,
      masterKeys: database.masterKeys,
      callsInFlight: CALLS,
      onCalls: (count) => {
        underWay = count;
        most = Math.max(most, count);
      },
    });
    await store.events.insertMany([event("evt_key")]);
    await store.ping(5_000);
    // Every connection is there before anything is held.
    await expect
      .poll(async () => {
        await Promise.all(names(60).map((id) => store.deliveries.get(id)));
        return most;
      })
      .toBeGreaterThanOrEqual(others);
  });
  afterEach(async () => {
    proxy.set("pass");
    await store.close();
  });
  afterAll(async () => {
    proxy?.close();
    await database?.close();
  });

  /** Ids of what the database has of this subscription. */
  const stored = async (subscriptionId: string): Promise<string[]> =>
    (
      await database.client
        .db(database.name)
        .collection<{ _id: string }>("deliveries")
        .find({ subscriptionId })
        .toArray()
    )
      .map(({ _id }) => _id)
      .sort();
  const insert = (id: string, subscriptionId: string): Promise<unknown> =>
    store.deliveries.insertMany([delivery(id, subscriptionId, { attempts: [], attemptCount: 0 })]);
  const idsOf = (ids: string[], subscriptionId: string): string[] =>
    ids.map((id) => delivery(id, subscriptionId).id).sort();

  it("makes what had left, in spite of its callers, who were told that nobody knows", async () => {
    proxy.set("holdRequests");
    const left = names(others);
    const works = left.map((id) => insert(id, "sub_left"));
    await expect.poll(() => underWay).toBe(others);
    expect(await ended(works)).toEqual(left.map(() => "unavailable"));
    proxy.set("pass");
    await expect.poll(() => stored("sub_left"), { timeout: 60_000 }).toEqual(idsOf(left, "sub_left"));
  });

  it("never has more under way, and a call whose time is over before its turn is never sent", async () => {
    proxy.set("holdRequests");
    // These reads wait far longer than a write does. So no write has its turn in the last moment of its time.
    const reads = Array.from({ length: others }, () => store.groups.all());
    await expect.poll(() => underWay).toBe(others);
    const late = names(2 * others);
    expect(await ended(late.map((id) => insert(id, "sub_late")))).toEqual(late.map(() => "unavailable"));
    expect(underWay).toBe(others);
    proxy.set("pass");
    expect(await ended(reads)).toEqual(reads.map(() => "done"));
    // Calls have their turn in the order in which they came, so any of those before would have been sent by now.
    expect(await ended([insert("evt_last", "sub_late")])).toEqual(["done"]);
    expect(await stored("sub_late")).toEqual(idsOf(["evt_last"], "sub_late"));
    expect(most).toBeLessThanOrEqual(CALLS);
  });

  it("accepts events and is ready while consumers' calls hold every other place", async () => {
    proxy.set("holdRequests");
    const works = names(3 * others).map((id) => store.deliveries.get(id));
    await expect.poll(() => underWay).toBe(others);
    expect(await store.events.insertMany([event("evt_accepted")])).toEqual([]);
    await store.ping(3_000);
    await store.owners.begin("host/1", ["batch_1"], 1);
    expect(await store.owners.renew("host/1", ["batch_1", "batch_2"], 2)).toBe(true);
    expect(underWay).toBe(others);
    expect(await ended(works)).toEqual(works.map(() => "unavailable"));
    expect(await store.deliveries.getMany([]).then(({ size }) => size)).toBe(0);
  });
});

describe("lists", () => {
  it("are read a few at a time, in the order in which they were asked for", async () => {
    const scan = createFewScans(2);
    const ends: (() => void)[] = [];
    const list = () => scan(() => new Promise<number>((resolve) => ends.push(() => resolve(ends.length))));
    const lists = [list(), list(), list()];
    await expect.poll(() => ends.length).toBe(2);
    ends[1]?.();
    expect(await lists[1]).toBe(2);
    await expect.poll(() => ends.length).toBe(3);
    ends[0]?.();
    ends[2]?.();
    expect(await Promise.all(lists)).toEqual([3, 2, 3]);
  });

  it("are refused without having begun when their turn does not come in time, and when too many wait", async () => {
    const scan = createFewScans(1, { deadlineMs: 100 });
    let begun = 0;
    let stop: () => void = () => undefined;
    // The first one keeps its place until the time of all the others is over, however busy the machine is.
    const list = () =>
      scan(() => {
        begun++;
        return new Promise((_resolve, reject) => (stop = () => reject(new Error("ended"))));
      });
    const lists = Array.from({ length: 17 }, list);
    expect(await ended(lists)).toEqual(lists.map(() => "unavailable"));
    stop();
    expect(await scan(() => Promise.resolve("next"))).toBe("next");
    expect(begun).toBe(1);
    await expect(lists[16]).rejects.toThrow(coded("unavailable"));
  });
});
