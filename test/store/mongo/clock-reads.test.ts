/**
 * What runs at the start and by the clock reads no collection whole for a few documents on FerretDB, which indexes
 * `_id` alone.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { isBounded, unboundedOf } from "../../support/bounded-reads.js";
import { type CommandLog, logCommands } from "../../support/command-log.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, delivery, event } from "../fixtures.js";

const detail = { url: "https://consumer.example/hook", requestHeaders: {}, responseBody: "kingfisher" };
const HOUR_MS = 3_600_000;
let database: TestDatabase;
let ferretDb: boolean;
let log: CommandLog;
const opened: MongoStore[] = [];

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "clock_reads");
  ({ ferretDb } = await database.openStore());
  log = await logCommands(inject("mongodbUrl"));
});
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await log?.close();
  await database?.close();
});
beforeEach((context) => {
  if (!ferretDb) context.skip("only FerretDB reads without indexes");
});

async function openLogged(): Promise<MongoStore> {
  const store = await connectStore({ mongodbUrl: log.url, database: database.name, masterKeys: database.masterKeys });
  opened.push(store);
  return store;
}

const unbounded = (): string[] => unboundedOf(log.commands);
const collection = (name: string) => database.client.db(database.name).collection<{ _id: string }>(name);
const idsIn = async (name: string): Promise<string[]> =>
  (await collection(name).find().toArray()).map(({ _id }) => _id);

describe("on FerretDB", () => {
  it("a start and every look by the clock ask by exact ids, or go on from the beginning", async () => {
    const seeded = await database.openStore();
    await seeded.events.insertMany([event("evt_gone", "kingfisher"), event("evt_kept", "kept")]);
    await seeded.deliveries.insertMany([delivery("evt_gone", "sub_1", { attempts: [attempt(1, { detail })] })]);
    await seeded.erasures.erase("event/evt_gone", "key:1");
    for (let n = 1; n <= 12; n++)
      await seeded.audit.append({ actor: "key:1", action: "act.begin", subject: `grp_${n}` });
    await seeded.audit.unsettled();

    log.commands.length = 0;
    const store = await openLogged();
    expect(await store.erasures.reapply({ pending: true })).toBe(0);
    expect(store.erasures.lately("evt_gone")).toBe(true);
    expect(await store.erasures.reapply({ since: new Date(Date.now() - 300_000) })).toBe(0);
    expect(await store.erasures.entries(new Date(Date.now() - 300_000))).toMatchObject([{ target: "event/evt_gone" }]);
    await store.erasures.reapply({ byClock: true });
    expect(await store.audit.unsettled()).toHaveLength(12);
    await store.catalogueVersions();
    for (const each of [store.samlUses, store.limits, store.routings, store.idempotency]) await each.removeExpired();
    await store.sessions.deleteEnded(new Date());
    expect(log.commands.length).toBeGreaterThan(20);
    expect(unbounded()).toEqual([]);
    // Which subscriptions there are is asked once, and only because an event was erased lately.
    expect(log.commands.filter(({ name, collection: of }) => name === "find" && of === "subscriptions")).toHaveLength(
      1,
    );

    // The one read by the clock that has a condition, once a day: in its turn, and ended by the server.
    log.commands.length = 0;
    await store.keyring.livingDays();
    expect(
      log.commands
        .filter((command) => !isBounded(command))
        .map(({ collection: name, body }) => [name, typeof body["maxTimeMS"]]),
    ).toEqual([["dataKeys", "number"]]);
  });

  it("removes what is over among the oldest, also behind some that live on, and nothing else", async () => {
    const store = await openLogged();
    const over = new Date(Date.now() - HOUR_MS);
    const alive = new Date(Date.now() + HOUR_MS);
    // More than are read at once live on at the head.
    const documents = [
      ...Array.from({ length: 450 }, (_, n) => ({ _id: `head/${n}`, expiresAt: alive })),
      ...Array.from({ length: 30 }, (_, n) => ({ _id: `over/${n}`, expiresAt: over })),
      { _id: "tail", expiresAt: alive },
    ];
    for (const name of ["samlUses", "limits", "idempotencyKeys"])
      await collection(name).insertMany(documents.map((each) => ({ ...each, times: [], version: 1 })));
    for (let run = 0; run < 3; run++)
      for (const each of [store.samlUses, store.limits, store.idempotency]) await each.removeExpired();
    for (const name of ["samlUses", "limits", "idempotencyKeys"]) {
      const left = await idsIn(name);
      expect(
        left.filter((id) => id.startsWith("over/")),
        name,
      ).toEqual([]);
      expect(
        left.filter((id) => id.startsWith("head/") || id === "tail"),
        name,
      ).toHaveLength(451);
    }
  });

  it("keeps routing records for their time and no longer, without reading all of them", async () => {
    const store = await openLogged();
    const record = (id: string, daysAgo: number) =>
      store.routings.record({
        id,
        at: new Date(Date.now() - daysAgo * 24 * HOUR_MS),
        filtered: new Map([["evt_1", ["sub_1"]]]),
        leftOut: new Map(),
      });
    for (let n = 0; n < 40; n++) await record(`batch_old${n}`, 31);
    for (let n = 0; n < 260; n++) await record(`batch_young${n}`, 29);
    log.commands.length = 0;
    await store.routings.removeExpired();
    expect(await store.routings.of("batch_old7", { id: "evt_1", type: "t" })).toBeUndefined();
    expect((await store.routings.of("batch_young7", { id: "evt_1", type: "t" }))?.filtered).toEqual(new Set(["sub_1"]));
    expect(await idsIn("routings")).toHaveLength(260);
    expect(unbounded()).toEqual([]);
    expect(
      log.commands
        .filter(({ name, body }) => name === "find" && Object.keys(body["filter"] as object).length === 0)
        .every(({ body }) => Number(body["limit"]) <= 200),
    ).toBe(true);
  });

  it("applies what a start finds unmarked in one read of the deliveries, however many events there are", async () => {
    const seeded = await database.openStore();
    const ids = Array.from({ length: 25 }, (_, n) => `evt_unmarked:${n}`);
    await seeded.events.insertMany([...ids.map((id) => event(id, "kingfisher")), event("evt_other", "other")]);
    await seeded.deliveries.insertMany(
      [...ids, "evt_other"].map((id) => delivery(id, "sub_1", { attempts: [attempt(1, { detail })] })),
    );
    await seeded.erasures.enter(ids.map((id) => ({ target: `event/${id}` as const, at: new Date(), by: "key:1" })));
    const marked = async () =>
      (
        await collection("erasures")
          .find({ appliedAt: { $exists: true } })
          .toArray()
      )
        .map(({ _id }) => _id)
        .filter((id) => id.includes("unmarked"));
    expect(await marked()).toEqual([]);

    const store = await openLogged();
    log.commands.length = 0;
    expect(await store.erasures.reapply({ pending: true })).toBe(25);
    expect(unbounded()).toEqual([]);
    expect(
      log.commands.filter(
        ({ name, collection: of, body }) =>
          name === "find" && of === "deliveries" && Object.keys(body["filter"] as object).length === 0,
      ),
    ).toHaveLength(1);
    expect(await marked()).toHaveLength(25);
    for (const id of ids) expect(await store.events.payload(id)).toBeUndefined();
    for (const { deliveries } of [store, seeded]) {
      const left = (await deliveries.list({ limit: 250 }, {})).data.map(({ id }) => id);
      const withDetail = (await Promise.all(left.map((id) => deliveries.get(id))))
        .filter((each) => each?.attempts.some((one) => one.detail))
        .map((each) => each?.eventId);
      expect(withDetail).toEqual(["evt_other"]);
    }
    expect(await store.erasures.reapply({ pending: true })).toBe(0);
  });

  it("lists of every collection come in turn and end in the server", async () => {
    const store = await openLogged();
    log.commands.length = 0;
    const page = { limit: 10 };
    const lists: Record<string, () => Promise<unknown>> = {
      people: () => store.people.list(page),
      grantRequests: () => store.grantRequests.list(page, {}),
      recoveries: () => store.recoveries.list(page, {}),
      subscriptions: () => store.subscriptions.list(page),
      apis: () => store.apis.list(page),
      samlConnections: () => store.samlConnections.list(page),
      sessions: () => store.sessions.list("per_1", 5),
    };
    // One more than may wait: the one beyond is refused, and so each kind is seen to stand in the same line.
    for (const [name, list] of Object.entries(lists)) {
      const many = await Promise.allSettled(Array.from({ length: 17 }, list));
      expect(
        many.filter(({ status }) => status === "rejected"),
        name,
      ).toMatchObject([{ reason: { code: "scan_too_long" } }]);
      const sent = log.commands.filter(({ name: command, collection: of }) => command === "find" && of === name);
      expect(sent.length, name).toBeGreaterThanOrEqual(16);
      expect(
        sent.every(({ body }) => typeof body["maxTimeMS"] === "number"),
        name,
      ).toBe(true);
    }
  });
});
