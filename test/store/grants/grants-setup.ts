import { type Collection } from "mongodb";
import { beforeEach, inject } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { type Row } from "../grant-rows.js";

export let database: TestDatabase;
export let store: MongoStore;
export let raw: (name: string) => Collection<Row>;

/** What each of the files needs that begin with `grants`: call it once at the top. */
export function setUpGrants(): void {
  beforeEach(async () => {
    database = await openDatabase(inject("mongodbUrl"), "grants");
    raw = (name) => database.client.db(database.name).collection<Row>(name);
    store = await database.openStore();
    return () => database.close();
  });
}
