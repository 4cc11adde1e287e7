import { afterAll, beforeEach, inject } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, delivery, event, subscription } from "../fixtures.js";

export const CANARY = "kingfisher-4711";
export const GROUP = "grp_gone";
export const now = { createdAt: new Date(), updatedAt: new Date() };
export const detail = { url: "https://consumer.example/hook", requestHeaders: {}, responseBody: CANARY };
const databases: TestDatabase[] = [];

export let database: TestDatabase;
export let store: MongoStore;
export let other: MongoStore;

/** Everything in these collections, as a backup tool copies it. */
export async function backup(...names: string[]): Promise<() => Promise<void>> {
  const db = database.client.db(database.name);
  const copies = await Promise.all(
    names.map(async (name) => ({ name, documents: await db.collection(name).find().toArray() })),
  );
  return async () => {
    for (const { name, documents } of copies) {
      await db.collection(name).deleteMany({});
      if (documents.length > 0) await db.collection(name).insertMany(documents);
    }
  };
}

/** What each of the files needs that begin with `erasures`: call it once at the top. */
export function setUpErasures(): void {
  afterAll(() => Promise.all(databases.splice(0).map((database) => database.close())));
  beforeEach(async () => {
    database = await openDatabase(inject("mongodbUrl"), "erasures");
    databases.push(database);
    [store, other] = [await database.openStore(), await database.openStore()];
    await store.groups.insert({ id: GROUP, name: "Gone", grants: [], samlGroups: [], ...now });
    await store.apiKeys.insert({
      id: "key_1",
      name: "k",
      role: "consumer",
      groupId: GROUP,
      createdAt: new Date(),
      hash: Buffer.alloc(32),
    });
    await store.subscriptions.insert(subscription("sub_1", { groupId: GROUP }));
    await store.events.insertMany([
      event("evt_theirs", CANARY, { groups: [GROUP] }),
      event("evt_shared", CANARY),
      event("evt_kept", "kept"),
    ]);
    await store.deliveries.insertMany([
      delivery("evt_theirs", "sub_1", { groupId: GROUP, attempts: [attempt(1, { detail })] }),
      delivery("evt_shared", "sub_1", { groupId: GROUP, attempts: [attempt(1, { detail })] }),
      delivery("evt_shared", "sub_2", { groupId: "grp_kept", attempts: [attempt(1, { detail })] }),
    ]);
    await store.grantRequests.open({
      id: "gra_1",
      groupId: GROUP,
      grant: "api_1",
      apiId: "api_1",
      reason: CANARY,
      status: "open",
      requestedBy: "key:1",
      createdAt: new Date(),
    });
    // Both processes have everything in memory that they keep.
    for (const each of [store, other]) {
      await each.catalogueVersion();
      await each.events.payload("evt_theirs");
      await each.deliveries.get("evt_theirs.sub_1");
      await each.subscriptions.all();
    }
  });
}
