import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { RUN_LEASE_MS, type RunLeaseDocument } from "../../../src/store/collections/run-leases.js";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let stores: [MongoStore, MongoStore];
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "run_leases");
  stores = [await database.openStore(), await database.openStore()];
});
afterAll(() => database?.close());

const newRun = (): string => `batch_${randomBytes(6).toString("hex")}`;
const documents = () => database.client.db(database.name).collection<RunLeaseDocument>("runLeases");

it("of twenty processes at once one takes the lease of a run", async () => {
  for (let round = 0; round < 5; round++) {
    const run = newRun();
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stores[index % 2 ? 1 : 0].runLeases.take(run, `host/${index}`)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  }
});

it("its holder renews it, and another process gets it once it is given back", async () => {
  const [one, two] = stores;
  const run = newRun();
  expect(await one.runLeases.take(run, "host/1")).toBe(true);
  const before = await documents().findOne({ _id: run });
  await expect
    .poll(async () => {
      expect(await one.runLeases.take(run, "host/1")).toBe(true);
      return (await documents().findOne({ _id: run }))?.renewedAt.getTime();
    })
    .toBeGreaterThan(before?.renewedAt.getTime() ?? Infinity);
  expect(await two.runLeases.take(run, "host/2")).toBe(false);
  await two.runLeases.leave(run, "host/2");
  expect(await two.runLeases.take(run, "host/2")).toBe(false);
  await one.runLeases.leave(run, "host/1");
  expect(await two.runLeases.take(run, "host/2")).toBe(true);
});

it("that of a process that has ended is taken over, and the process does not get it back", async () => {
  const [one, two] = stores;
  const run = newRun();
  expect(await one.runLeases.take(run, "host/1")).toBe(true);
  expect(await two.runLeases.take(run, "host/2", (process) => process === "host/3")).toBe(false);
  expect(await two.runLeases.take(run, "host/2", (process) => process === "host/1")).toBe(true);
  expect(await one.runLeases.take(run, "host/1")).toBe(false);
  await one.runLeases.leave(run, "host/1");
  expect(await documents().findOne({ _id: run })).toMatchObject({ holder: "host/2" });
});

it("one that was not renewed in time is taken over", async () => {
  const [one, two] = stores;
  const run = newRun();
  await one.runLeases.take(run, "host/1");
  const taken = await documents().findOne({ _id: run });
  const before = new Date((taken?.renewedAt.getTime() ?? 0) - RUN_LEASE_MS);
  await documents().updateOne({ _id: run }, { $set: { renewedAt: before } });
  expect(await two.runLeases.take(run, "host/2")).toBe(true);
  expect(await one.runLeases.take(run, "host/1")).toBe(false);
});

it("what nobody took over is forgotten, and nothing else", async () => {
  const [store] = stores;
  const [left, held] = [newRun(), newRun()];
  await store.runLeases.take(left, "host/1");
  await store.runLeases.take(held, "host/1");
  await documents().updateOne({ _id: left }, { $set: { expiresAt: new Date(Date.now() - 1) } });
  await store.runLeases.removeExpired();
  expect(await documents().findOne({ _id: left })).toBeNull();
  expect(await documents().findOne({ _id: held })).not.toBeNull();
});
