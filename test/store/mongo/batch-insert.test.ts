/**
 * Reads of many documents by their ids: in parts, each with a deadline of its own, and no longer than they are wanted.
 */
import type { Collection } from "mongodb";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { CLIENT_OPTIONS } from "../../../src/store/mongo/connection.js";
import { findByIds, IDS_AT_ONCE } from "../../../src/store/mongo/batch-insert.js";
import { type CommandLog, logCommands, type SentCommand } from "../../support/command-log.js";
import { openDatabase, type TestDatabase } from "../database.js";

type Numbered = { _id: string; n: number };

let database: TestDatabase;
let log: CommandLog;
let client: MongoClient;
let collection: Collection<Numbered>;
const ids = Array.from({ length: 1_000 }, (_, n) => `id_${n}`);

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "batch_insert");
  log = await logCommands(inject("mongodbUrl"));
  client = await new MongoClient(log.url, CLIENT_OPTIONS).connect();
  collection = client.db(database.name).collection<Numbered>("numbered");
  await collection.insertMany(ids.map((_id, n) => ({ _id, n })));
});
afterAll(async () => {
  await client?.close();
  await log?.close();
  await database?.close();
});
beforeEach(() => void (log.commands.length = 0));

const finds = (): SentCommand[] => log.commands.filter(({ name }) => name === "find");
const idsOf = ({ body }: SentCommand): unknown => (body["filter"] as { _id: unknown })._id;

describe("documents by many ids", () => {
  it("are read in parts on MongoDB, each ended by the server at its own deadline", async () => {
    const found = await findByIds(collection, [...ids, "id_missing"], { ferretDb: false });
    expect(found.map(({ _id }) => _id).sort()).toEqual([...ids].sort());
    const parts = finds().map((command) => (idsOf(command) as { $in: string[] }).$in);
    expect(parts.map(({ length }) => length)).toEqual([...Array.from({ length: 10 }, () => IDS_AT_ONCE), 1]);
    expect(finds().every(({ body }) => typeof body["maxTimeMS"] === "number")).toBe(true);
  });

  it("are read one by one on FerretDB, each ended by the server at its own deadline", async () => {
    const found = await findByIds(collection, [...ids.slice(0, 200), "id_missing"], { ferretDb: true });
    expect(found).toHaveLength(200);
    expect(finds().map(idsOf).sort()).toEqual([...ids.slice(0, 200), "id_missing"].sort());
    expect(finds().every(({ body }) => typeof body["maxTimeMS"] === "number")).toBe(true);
  });

  it.each([true, false])("are not asked for any more once they are given up (FerretDB: %s)", async (ferretDb) => {
    const stop = new AbortController();
    const reading = findByIds(collection, ids, { ferretDb, atOnce: 10, signal: stop.signal });
    const failed = expect(reading).rejects.toThrow("nobody needs them");
    await expect.poll(() => finds().length, { interval: 1 }).toBeGreaterThan(0);
    stop.abort(new Error("nobody needs them"));
    await failed;
    const asked = finds().length;
    expect(asked).toBeLessThan(ferretDb ? ids.length : 100);
    // Whatever had been sent before has an answer by now, and nothing follows.
    await collection.findOne({ _id: "id_1" });
    expect(finds().length).toBeLessThanOrEqual(asked + 33);
  });

  it("are not asked for at all when they were given up before", async () => {
    const signal = AbortSignal.abort(new Error("nobody needs them"));
    for (const ferretDb of [true, false])
      await expect(findByIds(collection, ids, { ferretDb, signal })).rejects.toThrow("nobody needs them");
    expect(finds()).toEqual([]);
  });
});
