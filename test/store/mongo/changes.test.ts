import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { AT } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let other: MongoStore;
const api = (id: string) => ({ id, name: id, createdAt: AT, updatedAt: AT });
const counts = () => database.client.db(database.name).collection<{ _id: string; recent: unknown[] }>("changes");

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "changes");
  [store, other] = [await database.openStore(), await database.openStore()];
});
afterAll(() => database?.close());

it("loses no count of the first writes, which processes make at the same time", async () => {
  await counts().deleteMany({});
  await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? store : other).apis.insert(api(`api_${i}`))));
  expect(await store.catalogueVersions()).toMatchObject({ version: 12, logged: 12, collections: { apis: 12 } });
});

it("tells which objects were written since, and does not guess", async () => {
  const before = await store.catalogueVersions();
  expect(await other.catalogueChanges(before)).toEqual({});
  await store.apis.update("api_1", (item) => ({ ...item, name: "new" }));
  await store.apis.delete("api_2");
  await store.groups.insert({ id: "grp_1", name: "n", grants: [], samlGroups: [], createdAt: AT, updatedAt: AT });
  expect(await other.catalogueChanges(before)).toEqual({
    apis: new Set(["api_1", "api_2"]),
    groups: new Set(["grp_1"]),
  });
  // A process of an earlier release counts, and enters nothing.
  const { version } = await store.catalogueVersions();
  await counts().updateOne({ _id: "catalogue" }, { $set: { version: version + 1 } });
  expect(await other.catalogueChanges(before)).toBeUndefined();
  const since = await store.catalogueVersions();
  await store.apis.delete("api_3");
  expect(await other.catalogueChanges(since)).toEqual({ apis: new Set(["api_3"]) });
  // A backup counts from where it was.
  expect(
    await other.catalogueChanges({ ...since, logged: since.logged + 100, version: since.version + 100 }),
  ).toBeUndefined();
});

it("remembers a bounded number of writes", async () => {
  const before = await store.catalogueVersions();
  await store.apis.insert(api("api_many"));
  const { recent = [] } = (await counts().findOne({ _id: "catalogue" })) ?? {};
  await counts().updateOne(
    { _id: "catalogue" },
    { $set: { recent: Array.from({ length: 200 }, () => recent.at(-1)) } },
  );
  await store.apis.update("api_many", (item) => ({ ...item, name: "again" }));
  expect((await counts().findOne({ _id: "catalogue" }))?.recent).toHaveLength(200);
  expect(await other.catalogueChanges(before)).toEqual({ apis: new Set(["api_many"]) });
  expect(
    await other.catalogueChanges({ ...before, logged: before.logged - 300, version: before.version - 300 }),
  ).toBeUndefined();
});
