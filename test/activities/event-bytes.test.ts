import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { createEventBytes } from "../../src/activities/event-bytes.js";
import { publishedEvent } from "../../src/client/index.js";
import type { MongoStore } from "../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../store/database.js";
import { coded, event } from "../store/fixtures.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "bytes");
  store = await database.openStore();
});
afterAll(() => database?.close());

const text = (bytes: Map<string, { bytes: Uint8Array }>) =>
  Object.fromEntries([...bytes].map(([id, { bytes: some }]) => [id, Buffer.from(some).toString("latin1")]));

it("gives back the exact bytes, whichever way they travelled", async () => {
  const binary = Buffer.from([0, 255, 128, 10]);
  await store.events.insertMany([event("evt_stored", "stored")]);
  const events = [
    publishedEvent({ id: "evt_text", type: "a.b", data: { a: "é" } }),
    publishedEvent({ id: "evt_binary", type: "a.b", body: binary, contentType: "x/y" }),
    { ...publishedEvent({ id: "evt_stored", type: "a.b", data: 0 }), body: { stored: true as const } },
    { ...publishedEvent({ id: "evt_gone", type: "a.b", data: 0 }), body: { stored: true as const } },
  ];
  expect(text(await createEventBytes(store).of(events))).toEqual({
    evt_text: Buffer.from('{"a":"é"}').toString("latin1"),
    evt_binary: binary.toString("latin1"),
    evt_stored: "stored",
  });
});

it("remembers only what it is told to keep: another event of the same id is not given to retries", async () => {
  const source = createEventBytes(store);
  await store.events.insertMany([event("evt_same", "the owner's")]);
  const foreign = await source.of([publishedEvent({ id: "evt_same", type: "a.b", data: "foreign" })]);
  expect(text(await source.byId(["evt_same"]))).toEqual({ evt_same: "the owner's" });
  const other = createEventBytes(store);
  other.keep(foreign.values());
  expect(text(await other.byId(["evt_same"]))).toEqual({ evt_same: '"foreign"' });
});

it("leaves out what was erased and tells what no key opens, without holding up the rest", async () => {
  const fields = (apiId: string) => ({ apiId });
  await store.events.insertMany([
    event("evt_erased", "x", fields("api_erased")),
    event("evt_locked", "x", fields("api_locked")),
    event("evt_open", "open", fields("api_open")),
  ]);
  await store.keyring.destroy("api/api_erased");
  await database.client
    .db(database.name)
    .collection<{ _id: string }>("dataKeys")
    .deleteOne({ _id: "api/api_locked#1" });
  const fresh = createEventBytes(await database.openStore());
  const unreadable: string[] = [];
  const ids = ["evt_erased", "evt_locked", "evt_open", "evt_missing"];
  expect(text(await fresh.byId(ids, (id, code) => void unreadable.push(`${id} ${code}`)))).toEqual({
    evt_open: "open",
  });
  expect(unreadable).toEqual(["evt_locked key_unknown"]);
  await expect(createEventBytes(await database.openStore()).byId(ids)).rejects.toThrow(coded("key_unknown"));
});

it("forgets what it kept as soon as something is erased, here or by another process", async () => {
  const worker = await database.openStore();
  const source = createEventBytes(worker);
  await store.events.insertMany([event("evt_kept", "kept"), event("evt_expunged", "kingfisher")]);
  const ids = ["evt_kept", "evt_expunged"];
  await source.byId(ids);
  await store.erasures.erase("event/evt_expunged", "key:1");
  // Not told yet: it is still in memory.
  expect(text(await source.byId(ids))).toEqual({ evt_kept: "kept", evt_expunged: "kingfisher" });
  await worker.catalogueVersion();
  expect(text(await source.byId(ids))).toEqual({ evt_kept: "kept" });
  await expect.poll(() => worker.erasures.lately("evt_expunged")).toBe(true);
  expect(text(await source.of([publishedEvent({ id: "evt_expunged", type: "a.b", data: "kingfisher" })]))).toEqual({});
});

it("keeps at most 64 MiB, the newest, and forgets after five minutes", async () => {
  const source = createEventBytes(store);
  const MiB = 1024 * 1024;
  const big = (index: number) => ({
    id: `evt_big_${index}`,
    type: "a.b",
    contentType: "x/y",
    bytes: new Uint8Array(MiB),
    acceptedAt: 0,
  });
  const ids = Array.from({ length: 70 }, (_, index) => `evt_big_${index}`);
  for (let index = 0; index < 70; index++) source.keep([big(index)]);
  // None of them is in the store, so what is found was in memory.
  expect([...(await source.byId(ids)).keys()]).toEqual(ids.slice(6));
  // Keeping one again neither counts twice nor makes it younger.
  source.keep([big(69), big(69), big(69)]);
  expect((await source.byId(ids)).size).toBe(64);
  vi.useFakeTimers({ toFake: ["performance"], now: 0 });
  try {
    const aging = createEventBytes(store);
    aging.keep([big(0)]);
    vi.advanceTimersByTime(300_000);
    expect((await aging.byId(["evt_big_0"])).size).toBe(1);
    vi.advanceTimersByTime(1);
    expect((await aging.byId(["evt_big_0"])).size).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
