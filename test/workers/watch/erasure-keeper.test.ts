import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, afterEach, expect, inject, it } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import { startErasureKeeper } from "../../../src/workers/watch/erasure-keeper.js";
import { parseLedger } from "../../../src/workers/watch/erasure-ledger.js";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { attempt, coded, delivery, event } from "../../store/fixtures.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-ledger-"));
const within = { timeout: 20_000, interval: 20 };
let database: TestDatabase;
let store: MongoStore;
let file: string;
let round = 0;
const stops: { stop(): void }[] = [];
const log: { msg: string }[] = [];
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "keeper");
  store = await database.openStore();
});
beforeEach(() => {
  file = join(directory, String(++round), "erasures.jsonl");
  log.length = 0;
});
afterEach(() => stops.splice(0).forEach((keeper) => keeper.stop()));
afterAll(async () => {
  await database?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function keep(of: MongoStore, options: { file?: string | undefined; everyMs?: number } = {}): Promise<void> {
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line) as { msg: string }) });
  stops.push(await startErasureKeeper({ store: of, metrics: createMetrics(), log: logger, file, ...options }));
}
const targets = () =>
  parseLedger(store, readFileSync(file, "utf8"))
    .entries.map(({ target }) => target)
    .sort();

it(
  "writes each erasure to the second place at once, whichever process made it, and does it again " +
    "over a restored database",
  async () => {
    await keep(store, { everyMs: 600_000 });
    await store.events.insertMany([event("evt_1", "kingfisher", { apiId: "api_2" }), event("evt_2", "kingfisher")]);
    const keys = database.client.db(database.name).collection("dataKeys");
    const backup = await keys.find().toArray();
    await store.erasures.erase("api/api_2", "key:1");
    const other = await database.openStore();
    await other.erasures.erase("event/evt_2", "key:1");
    await store.catalogueVersion();
    await expect.poll(targets, within).toEqual(["api/api_2", "event/evt_2"]);
    expect(statSync(file).mode & 0o077).toBe(0);

    await database.client.db(database.name).collection("erasures").deleteMany({});
    await keys.deleteMany({});
    await keys.insertMany(backup);
    const restored = await database.openStore();
    expect(Buffer.from((await restored.events.payload("evt_1")) ?? []).toString()).toBe("kingfisher");
    appendFileSync(file, '{"target":"api/api_1"');
    await keep(restored, { everyMs: 600_000 });
    await expect(restored.events.payload("evt_1")).rejects.toThrow(coded("key_destroyed"));
    expect(await restored.erasures.has("event/evt_2")).toBe(true);
    expect(log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/older than the ledger/),
        expect.stringMatching(/erased again/),
        expect.stringMatching(/lines of the ledger/),
      ]),
    );
    // Behind a line that was cut short the next one is still whole.
    await restored.erasures.erase("event/evt_3", "key:1");
    await expect.poll(targets, within).toEqual(["api/api_2", "event/evt_2", "event/evt_3"]);
  },
);

it("removes what an attempt under way wrote after the erasure", async () => {
  const slow = await database.openStore();
  await store.deliveries.insertMany([delivery("evt_4")]);
  await store.erasures.erase("event/evt_4", "key:1");
  await slow.deliveries.record([
    { id: "evt_4.sub_1", groupId: "grp_1", status: "delivered", attempt: attempt(2), attemptCount: 2 },
  ]);
  await slow.close();
  const raw = () =>
    database.client.db(database.name).collection<{ _id: string }>("deliveries").findOne({ _id: "evt_4.sub_1" });
  const written = await raw();
  await keep(store, { everyMs: 50, file: undefined });
  await expect.poll(raw, within).not.toHaveProperty("details");
  // The other process knows by its own start. To see the removal happen, the detail is put back as it would have been
  // written.
  await database.client
    .db(database.name)
    .collection<{ _id: string }>("deliveries")
    .updateOne({ _id: "evt_4.sub_1" }, { $set: { details: { 2: Buffer.from("sealed") } } });
  await expect.poll(raw, within).not.toHaveProperty("details");
  expect(written).toMatchObject({ attemptCount: 2 });
});
