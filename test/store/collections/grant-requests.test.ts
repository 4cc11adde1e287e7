/** What has changed of grant requests, as a stream asks for it. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "grant_requests");
  store = await database.openStore();
});
afterAll(() => database?.close());

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const open = (id: string, second: number) =>
  store.grantRequests.open({
    id,
    groupId: "grp_1",
    grant: id,
    apiId: "api_1",
    status: "open",
    requestedBy: "test",
    createdAt: at(second),
  });
const settle = (id: string, second: number) =>
  store.grantRequests.settle(id, { status: "approved", decidedBy: "test", decidedAt: at(second) });
const changes = async (since: { from: Date; afterId?: string }, most = 100) =>
  (await store.grantRequests.recentChanges(since, most)).map(({ id, updatedAt }) => [id, updatedAt.getSeconds()]);

it("gives what was made or decided since, the oldest change first, in pages", async () => {
  for (const [id, second] of [
    ["r1", 1],
    ["r2", 2],
    ["r3", 3],
    ["r4", 3],
    ["r5", 5],
  ] as const)
    await open(id, second);
  await settle("r1", 4);
  await settle("r2", 9);
  expect(await changes({ from: at(0) })).toEqual([
    ["r3", 3],
    ["r4", 3],
    ["r1", 4],
    ["r5", 5],
    ["r2", 9],
  ]);
  expect(await changes({ from: at(4) })).toEqual([
    ["r1", 4],
    ["r5", 5],
    ["r2", 9],
  ]);
  expect(await changes({ from: at(0) }, 2)).toEqual([
    ["r3", 3],
    ["r4", 3],
  ]);
  expect(await changes({ from: at(3), afterId: "r3" }, 2)).toEqual([
    ["r4", 3],
    ["r1", 4],
  ]);
  expect(await changes({ from: at(10) })).toEqual([]);
});
