/** A database of its own for each test file, on the shared engine. */
import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";
import { CLIENT_OPTIONS } from "../../src/store/connection.js";

export interface TestDatabase {
  client: MongoClient;
  name: string;
  /** Drops it and disconnects. */
  close(): Promise<void>;
}

/** Connects as the store does. */
export async function openDatabase(mongodbUrl: string, label: string): Promise<TestDatabase> {
  const client = await new MongoClient(mongodbUrl, CLIENT_OPTIONS).connect();
  const name = `test_${label}_${randomBytes(4).toString("hex")}`;
  return {
    client,
    name,
    async close() {
      await client.db(name).dropDatabase();
      await client.close();
    },
  };
}

/** One master key in the form of SEALPOST_MASTER_KEYS. */
export const masterKey = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;
