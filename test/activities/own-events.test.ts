import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createCatalogue, type Catalogue } from "../../src/catalogue/catalogue.js";
import { createEventBytes } from "../../src/activities/event-bytes.js";
import { claimEvents } from "../../src/activities/own-events.js";
import { publishedEvent } from "../../src/client/index.js";
import type { PublishedEvent } from "../../src/workflows/contract.js";
import type { MongoStore } from "../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../store/database.js";
import { event } from "../store/fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let catalogue: Catalogue;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "own");
  store = await database.openStore();
  catalogue = await createCatalogue({ store });
});
afterAll(async () => {
  catalogue?.close();
  await database?.close();
});

const OWNER = "batch_1";
const travelling = (id: string, more: Partial<PublishedEvent> = {}): PublishedEvent => ({
  ...publishedEvent({ id, type: "a.b", data: "kingfisher" }),
  ...more,
});

/** What a workflow that carries these events in its input may deliver. */
async function claim(from: MongoStore, events: PublishedEvent[], rerun = false): Promise<string[]> {
  const bytes = await createEventBytes(from).of(events);
  const { own, recorded } = await claimEvents(
    { store: from, catalogue, log: pino({ level: "silent" }) },
    { owner: OWNER, events, bytes, rerun },
  );
  await recorded;
  return own.map(({ id }) => id);
}

it("claims its own events and drops those of another workflow", async () => {
  await store.events.insertMany([
    event("evt_mine", "x", { owner: OWNER }),
    event("evt_foreign", "x", { owner: "batch_2" }),
  ]);
  expect(
    await claim(store, [travelling("evt_mine"), travelling("evt_foreign"), travelling("evt_new", { ownId: true })]),
  ).toEqual(["evt_mine", "evt_new"]);
});

it("drops what was expunged, and does not write it back, though its workflow still carries it", async () => {
  const ids = ["evt_a", "evt_b", "evt_c"];
  await store.events.insertMany([...ids, "evt_other"].map((id) => event(id, "x", { owner: OWNER })));
  for (const id of ids) await store.events.expunge(id, new Date());
  const events = [...ids, "evt_other"].map((id, index) =>
    travelling(
      id,
      index === 0 ? {} : index === 1 ? { ownId: true } : { recorded: true, acceptedAt: Date.now() - 60_000 },
    ),
  );
  // The record says so, also where the ledger is not known: a rerun after a crash, a late dispatch.
  expect(await claim(store, events, true)).toEqual(["evt_other"]);
  for (const id of ids) expect(await store.events.payload(id)).toBeUndefined();
});

it("drops at once what another process expunged, where its record would be taken on trust", async () => {
  const worker = await database.openStore();
  await store.events.insertMany([
    event("evt_trusted", "x", { owner: OWNER }),
    event("evt_fine", "x", { owner: OWNER }),
  ]);
  const events = [
    travelling("evt_trusted", { recorded: true, acceptedAt: Date.now() }),
    travelling("evt_fine", { recorded: true, acceptedAt: Date.now() }),
  ];
  expect(await claim(worker, events)).toEqual(["evt_trusted", "evt_fine"]);
  await store.erasures.erase("event/evt_trusted", "key:1");
  await worker.catalogueVersion();
  await expect.poll(() => worker.erasures.lately("evt_trusted")).toBe(true);
  expect(await claim(worker, events)).toEqual(["evt_fine"]);
});

it("takes a record of the accepting process on trust for ten seconds, and then looks whose it is", async () => {
  await store.events.insertMany([
    event("evt_fresh", "x", { owner: "batch_2" }),
    event("evt_late", "x", { owner: "batch_2" }),
    event("evt_late_mine", "x", { owner: OWNER }),
  ]);
  const recorded = (id: string, ageMs: number) => travelling(id, { recorded: true, acceptedAt: Date.now() - ageMs });
  const late = [recorded("evt_late", 12_000), recorded("evt_late_mine", 12_000)];
  expect(await claim(store, [recorded("evt_fresh", 0)])).toEqual(["evt_fresh"]);
  expect(await claim(store, late)).toEqual(["evt_late_mine"]);
  // A rerun looks at once.
  expect(await claim(store, [recorded("evt_fresh", 0), ...late], true)).toEqual(["evt_late_mine"]);
});

it("calls it a rerun as soon as anything was there before: delivery records must be read then", async () => {
  const isRerun = async (events: PublishedEvent[], rerun = false) => {
    const bytes = await createEventBytes(store).of(events);
    const claimed = await claimEvents(
      { store, catalogue, log: pino({ level: "silent" }) },
      { owner: OWNER, events, bytes, rerun },
    );
    await claimed.recorded;
    return claimed.rerun;
  };
  const first = [travelling("evt_once")];
  expect(await isRerun(first)).toBe(false);
  expect(await isRerun(first)).toBe(true);
  expect(await isRerun([travelling("evt_ours", { ownId: true })])).toBe(false);
  expect(await isRerun([travelling("evt_ours_again", { ownId: true })], true)).toBe(true);
  expect(await isRerun([travelling("evt_once", { recorded: true, acceptedAt: Date.now() })])).toBe(false);
});

it("inserts first what its accepting process tried to record: it may be another owner's by then", async () => {
  await store.events.insertMany([event("evt_landed", "x", { owner: "batch_2" })]);
  const tried = ["evt_landed", "evt_not_landed"].map((id) => travelling(id, { ownId: true, tried: true }));
  expect(await claim(store, tried)).toEqual(["evt_not_landed"]);
});
