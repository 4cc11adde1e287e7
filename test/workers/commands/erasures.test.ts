/** The commands, over a database that is restored whole from before an erasure. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { applyErasures, exportErasures } from "../../../src/workers/commands/erasures.js";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { coded, event, subscription } from "../../store/fixtures.js";

const mongodbUrl = inject("mongodbUrl");
let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(mongodbUrl, "ledger");
  store = await database.openStore();
});
afterAll(() => database?.close());
const at = () => ({ mongodbUrl, database: database.name, masterKeys: database.masterKeys });

/** All collections, as mongodump copies them. */
async function wholeBackup(): Promise<() => Promise<void>> {
  const db = database.client.db(database.name);
  const names = (await db.listCollections().toArray()).map(({ name }) => name);
  const copies = await Promise.all(
    names.map(async (name) => ({ name, documents: await db.collection(name).find().toArray() })),
  );
  return async () => {
    for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({});
    for (const { name, documents } of copies) if (documents.length > 0) await db.collection(name).insertMany(documents);
  };
}

it("a full restore is followed by the exported ledger: nothing opens any more", async () => {
  await store.groups.insert({
    id: "grp_1",
    name: "Gone",
    grants: [],
    samlGroups: [],
    createdAt: new Date(),
    updatedAt: new Date(),
  });
  await store.subscriptions.insert(subscription("sub_1"));
  await store.events.insertMany([
    event("evt_group", "kingfisher", { groups: ["grp_1"] }),
    event("evt_one", "kingfisher"),
    event("evt_kept", "kept"),
  ]);
  const restore = await wholeBackup();
  await store.erasures.erase("group/grp_1", "key:1");
  await store.erasures.erase("event/evt_one", "key:1");
  const ledger = await exportErasures(at());
  expect(ledger.trim().split("\n")).toHaveLength(2);
  expect(ledger).not.toContain("kingfisher");
  await restore();
  // The backup opens, or the rest would show nothing.
  expect(Buffer.from((await (await database.openStore()).events.payload("evt_group")) ?? []).toString()).toBe(
    "kingfisher",
  );
  expect(await exportErasures(at())).toBe("");

  expect(await applyErasures(at(), `${ledger}{"target":"group/grp_2"}\n`)).toEqual({
    entered: 2,
    erased: 2,
    refused: [3],
  });
  const after = await database.openStore();
  await expect(after.events.payload("evt_group")).rejects.toThrow(coded("key_destroyed"));
  expect(await after.events.payload("evt_one")).toBeUndefined();
  expect(await after.subscriptions.all()).toEqual([]);
  expect(Buffer.from((await after.events.payload("evt_kept")) ?? []).toString()).toBe("kept");
  expect(await applyErasures(at(), ledger)).toEqual({ entered: 0, erased: 0, refused: [] });
  expect(await exportErasures(at())).toBe(ledger);
  const acts = (await (await database.openStore()).audit.list({ limit: 50 })).data.filter(
    ({ action }) => action === "erasures.apply",
  );
  expect(acts.map(({ detail }) => detail)).toEqual([
    { entered: 0, erased: 0, refused: 0 },
    { entered: 2, erased: 2, refused: 1 },
  ]);
});

it("a ledger of another installation erases nothing", async () => {
  const other = await openDatabase(mongodbUrl, "otherledger");
  try {
    const theirs = await other.openStore();
    await theirs.events.insertMany([event("evt_kept")]);
    await theirs.erasures.erase("event/evt_kept", "key:1");
    await theirs.erasures.erase("api/api_1", "key:1");
    const ledger = await exportErasures({ mongodbUrl, database: other.name, masterKeys: other.masterKeys });
    expect(await applyErasures(at(), ledger)).toMatchObject({ entered: 0, erased: 0, refused: [1, 2] });
    expect(Buffer.from((await (await database.openStore()).events.payload("evt_kept")) ?? []).toString()).toBe("kept");
  } finally {
    await other.close();
  }
});
