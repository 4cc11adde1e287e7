import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "owners");
  store = await database.openStore();
});
afterAll(() => database?.close());

const newProcess = (): string => `host/${randomBytes(4).toString("hex")}`;
const announced = async (process: string) => (await store.owners.all()).find((each) => each.process === process);

it("an announcement is there for every process once it is made, and renewed with other ids", async () => {
  const process = newProcess();
  await store.owners.begin(process, ["batch_1", "batch_2"], 1);
  const other = await database.openStore();
  expect((await other.owners.all()).find((each) => each.process === process)).toMatchObject({
    open: ["batch_1", "batch_2"],
  });
  const before = await announced(process);
  expect(await store.owners.renew(process, ["batch_2", "batch_3"], 3)).toBe(true);
  // One that was given up, and lands after a newer one.
  expect(await store.owners.renew(process, ["batch_1", "batch_2"], 2)).toBe(false);
  const after = await announced(process);
  expect(after).toMatchObject({ open: ["batch_2", "batch_3"] });
  expect(after?.renewedAt.getTime()).toBeGreaterThanOrEqual(before?.renewedAt.getTime() ?? Infinity);
  // By the clock of the database, on which both were made.
  expect(after?.ageMs).toBeGreaterThanOrEqual(0);
});

it("one that another process took over cannot be renewed, and begins anew", async () => {
  const process = newProcess();
  await store.owners.begin(process, ["batch_1"], 1);
  const found = await announced(process);
  if (!found) throw new Error("not announced");
  expect(await store.owners.remove(found)).toBe(true);
  expect(await store.owners.remove(found)).toBe(false);
  expect(await store.owners.renew(process, ["batch_1"], 2)).toBe(false);
  await store.owners.begin(process, ["batch_1"], 1);
  expect(await announced(process)).toMatchObject({ open: ["batch_1"] });
});

it("one that was renewed meanwhile is not taken away from its process", async () => {
  const process = newProcess();
  await store.owners.begin(process, [], 0);
  let renewal = 0;
  const seen = await announced(process);
  if (!seen) throw new Error("not announced");
  // Two instants of the database's clock, which counts milliseconds.
  await expect
    .poll(async () => {
      await store.owners.renew(process, ["batch_1"], ++renewal);
      return (await announced(process))?.renewedAt.getTime();
    })
    .toBeGreaterThan(seen.renewedAt.getTime());
  expect(await store.owners.remove(seen)).toBe(false);
  await store.owners.end(process);
  expect(await announced(process)).toBeUndefined();
});
