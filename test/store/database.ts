/** A database of its own for each test file, on the shared engine. */
import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";
import { CLIENT_OPTIONS } from "../../src/store/mongo/connection.js";
import { connectStore, type MongoStore } from "../../src/store/mongo/mongo-store.js";

export interface TestDatabase {
  client: MongoClient;
  name: string;
  masterKeys: string;
  /** The store as one process opens it. It is closed with the database. */
  openStore(masterKeys?: string): Promise<MongoStore>;
  /** Drops it and disconnects. */
  close(): Promise<void>;
}

/**
 * The store's own limit is 2.5 s. While a test process compiles or bundles, it answers nothing for longer than that.
 */
const BUSY_MS = 60_000;

/** Connects as the store does, with patience. */
export async function openDatabase(mongodbUrl: string, label: string): Promise<TestDatabase> {
  const client = await new MongoClient(mongodbUrl, {
    ...CLIENT_OPTIONS,
    serverSelectionTimeoutMS: BUSY_MS,
    connectTimeoutMS: BUSY_MS,
  }).connect();
  const name = `test_${label}_${randomBytes(4).toString("hex")}`;
  const keys = masterKey("m1");
  const stores: MongoStore[] = [];
  return {
    client,
    name,
    masterKeys: keys,
    async openStore(masterKeys = keys) {
      const store = await connectStore({ mongodbUrl, database: name, masterKeys });
      stores.push(store);
      return store;
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      // SecantusDB takes up to half a minute for a large one on a busy machine. Its files are removed when the run
      // ends.
      if (process.env["SEALPOST_TEST_DATABASE"] !== "secantusdb") await client.db(name).dropDatabase();
      await client.close();
    },
  };
}

/** One master key in the form of SEALPOST_MASTER_KEYS. */
export const masterKey = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;
