/** FerretDB's write-ahead log: it grows while a reader looks into it, and is emptied when the reader has gone. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestEngines, testEngines } from "./fixtures.js";

let engines: TestEngines;
let client: MongoClient;
let ferretDb: boolean;
beforeAll(async () => {
  engines = testEngines();
  // Temporal is not needed: any address keeps the embedded one away.
  const { mongodb } = await engines.start({ temporalAddress: "127.0.0.1:1" });
  ({ ferretDb } = mongodb);
  client = new MongoClient(mongodb.url);
}, 1_500_000);
afterAll(async () => {
  await client?.close();
  await engines?.end();
});

const MIB = 1024 * 1024;

it("is emptied after a reader that kept it has gone", async (context) => {
  if (!ferretDb) context.skip("a real mongod runs here");
  const documents = client.db("grows").collection<{ _id: string; body: string }>("documents");
  const log = join(engines.dataDir, "ferretdb", "grows.sqlite-wal");
  const body = "x".repeat(4_000);
  const insert = (from: number) =>
    documents.insertMany(Array.from({ length: 500 }, (_, at) => ({ _id: `d${from + at}`, body })));
  await insert(0);
  const reader = documents.find().batchSize(2);
  await reader.next();
  let inserted = 500;
  for (; statSync(log).size < 40 * MIB && inserted < 40_000; inserted += 500) await insert(inserted);
  expect(statSync(log).size, "else the log needs no emptying").toBeGreaterThanOrEqual(40 * MIB);
  await reader.close();
  await expect.poll(() => statSync(log).size, { timeout: 240_000, interval: 200 }).toBeLessThan(8 * MIB);
  expect(await documents.countDocuments()).toBe(inserted);
}, 600_000);
