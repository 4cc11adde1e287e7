/** What a lost acknowledgement, a broken connection and a slow server do to the store. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCatalogue } from "../../../src/catalogue/catalogue.js";
import { buildIndexes } from "../../../src/store/mongo/index-build.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { type FailPointEngine, noFailPoints, startFailPointEngine } from "../../support/fail-points.js";
import { masterKey } from "../database.js";
import { AT, attempt, coded, delivery, event, later, subscription } from "../fixtures.js";

if (noFailPoints) process.stdout.write(`skipped: the store over an engine with fail points (${noFailPoints})\n`);

/** As a fail-over answers that comes between a write and its acknowledgement, to a driver that does not repeat it. */
const LOST = { writeConcernError: { code: 64, errmsg: "waiting for replication timed out" } };
const REPEATED = {
  writeConcernError: { code: 91, errmsg: "shutdown in progress" },
  errorLabels: ["RetryableWriteError"],
};

describe.skipIf(noFailPoints)("the store over an engine with fail points", () => {
  let engine: FailPointEngine;
  let store: MongoStore;
  let other: MongoStore;
  const masterKeys = masterKey("m1");
  const group = (id: string) => ({ id, name: id, grants: ["api_1"], samlGroups: [], createdAt: AT, updatedAt: AT });
  const raw = (name: string) => engine.client.db("faults").collection<{ _id: string; version?: number }>(name);

  beforeAll(async () => {
    engine = await startFailPointEngine();
    store = await connectStore({ mongodbUrl: engine.url, database: "faults", masterKeys });
    other = await connectStore({ mongodbUrl: engine.url, database: "faults", masterKeys });
    await store.apis.insert({ id: "api_1", name: "One", createdAt: AT, updatedAt: AT });
    await store.eventTypes.insert({ name: "one.a", apiId: "api_1", createdAt: AT, updatedAt: AT });
    await store.groups.insert(group("grp_1"));
  });
  afterAll(async () => {
    await Promise.all([store?.close(), other?.close()]);
    await engine?.stop();
  });

  it.each([
    ["deleted", "delete", (id: string) => store.subscriptions.delete(id), []],
    [
      "withdrawn",
      "update",
      (id: string) => store.subscriptions.update(id, (item) => ({ ...item, status: "draft" })),
      [],
    ],
    [
      "moved",
      "update",
      (id: string) => store.subscriptions.update(id, (item) => ({ ...item, url: "https://moved.example/" })),
      ["https://moved.example/"],
    ],
  ])(
    "tells every process of a subscription that was %s without an acknowledgement",
    async (what, command, change, urls) => {
      const id = `sub_${what}`;
      await store.subscriptions.insert(subscription(id, { groupId: "grp_1", eventTypes: ["one.a"] }));
      const catalogue = await createCatalogue({ store: other, pollMs: 50 });
      try {
        const routed = () =>
          catalogue
            .routes("one.a")
            .filter((route) => route.id === id)
            .map(({ url }) => url);
        expect(routed()).toHaveLength(1);
        await engine.fail({ failCommands: [command], ...LOST }, 1);
        await expect(change(id)).rejects.toThrow(coded("unavailable"));
        await expect.poll(routed, { timeout: 20_000 }).toEqual(urls);
      } finally {
        catalogue.close();
        await store.subscriptions.delete(id);
      }
    },
  );

  it(
    "tells every process of a subscription that was made without an acknowledgement, and of a " +
      "change whose announcement failed",
    async () => {
      const catalogue = await createCatalogue({ store: other, pollMs: 50 });
      try {
        await engine.fail({ failCommands: ["insert"], ...LOST }, 1);
        await expect(
          store.subscriptions.insert(subscription("sub_made", { groupId: "grp_1", eventTypes: ["one.a"] })),
        ).rejects.toThrow(coded("unavailable"));
        await expect.poll(() => catalogue.subscription("sub_made")?.id, { timeout: 20_000 }).toBe("sub_made");
        // The deletion is acknowledged, and the count of changes is not written: four tries of the driver and of ours.
        await engine.fail({ failCommands: ["update"], closeConnection: true }, 4);
        await expect(store.subscriptions.delete("sub_made")).rejects.toThrow(coded("unavailable"));
        await expect.poll(() => catalogue.subscription("sub_made"), { timeout: 20_000 }).toBeUndefined();
      } finally {
        catalogue.close();
        await engine.fail({ failCommands: [] }, 0);
      }
    },
  );

  it("carries a write out once when the driver repeats it", async () => {
    const before = await store.catalogueVersion();
    await store.groups.insert(group("grp_once"));
    expect(await store.catalogueVersion()).toBe(before + 1);
    // The count of changes is raised, and the driver is told that it was not: with its transaction number the server
    // knows the repetition.
    await engine.fail({ failCommands: ["update"], ...REPEATED }, 1);
    await store.groups.delete("grp_once");
    expect(await store.catalogueVersion()).toBe(before + 2);
    await engine.fail({ failCommands: ["insert"], ...REPEATED }, 1);
    expect(await store.events.insertMany([event("evt_once")])).toEqual([]);
    await engine.fail({ failCommands: ["insert"], closeConnection: true }, 1);
    expect(await store.events.insertMany([event("evt_again")])).toEqual([]);
    expect(await raw("events").countDocuments({ _id: { $in: ["evt_once", "evt_again"] } })).toBe(2);
  });

  it("changes no delivery over a newer change when a slow server carries a write out late", async () => {
    const [slow, witness] = [delivery("evt_slow"), delivery("evt_witness")];
    await store.deliveries.insertMany([slow, witness]);
    const second = (outcome: string, status: number, at: Date) => ({
      groupId: "grp_1",
      attempt: attempt(2, { outcome, status, at }),
      attemptCount: 2,
    });
    const retrying = {
      ...second("http_5xx", 503, later(5_000)),
      status: "retrying" as const,
      nextAttemptAt: later(9_000),
    };
    // The store gives an operation up after 3.5 s.
    await engine.fail({ failCommands: ["update"], blockConnection: true, blockTimeMS: 5_000 }, 1);
    await expect(
      store.deliveries.record([
        { id: slow.id, ...retrying },
        { id: witness.id, ...retrying },
      ]),
    ).rejects.toThrow(coded("unavailable"));
    expect(
      await other.deliveries.record([{ id: slow.id, ...second("delivered", 200, later(6_000)), status: "delivered" }]),
    ).toEqual([]);
    await expect
      .poll(async () => (await other.deliveries.get(witness.id))?.status, { timeout: 20_000 })
      .toBe("retrying");
    expect(await other.deliveries.get(slow.id)).toMatchObject({ status: "delivered", attemptCount: 2 });
  });

  it("waits for index builds that take longer than any other operation may", async () => {
    // The store's own client gives a connection up after 30 s.
    await engine.fail({ failCommands: ["createIndexes"], blockConnection: true, blockTimeMS: 31_000 }, 1);
    const slow = connectStore({ mongodbUrl: engine.url, database: "slow", masterKeys });
    const told: number[] = [];
    await buildIndexes({ mongodbUrl: engine.url, database: "slow", waiting: (seconds) => told.push(seconds) });
    const opened = await slow;
    await opened.close();
    const made = await engine.client.db("slow").collection("deliveries").indexes();
    expect(made.length).toBeGreaterThan(1);
  }, 120_000);

  it("replaces the indexes of lists of earlier releases, which descended", async () => {
    const deliveries = engine.client.db("turned").collection("deliveries");
    await deliveries.createIndexes([
      { key: { groupId: 1, createdAt: -1, _id: -1 } },
      { key: { mine: 1, createdAt: -1, _id: -1 } },
    ]);
    await Promise.all([1, 2].map(() => buildIndexes({ mongodbUrl: engine.url, database: "turned" })));
    const keys = (await deliveries.indexes()).map(({ key }) => JSON.stringify(key));
    expect(keys).toContain('{"groupId":1,"createdAt":1,"_id":1}');
    expect(keys).toContain('{"mine":1,"createdAt":-1,"_id":-1}');
    expect(keys).not.toContain('{"groupId":1,"createdAt":-1,"_id":-1}');
  });
});
