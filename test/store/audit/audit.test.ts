import { Binary, type Collection, type Document } from "mongodb";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { signGrants } from "../../../src/store/grants/signing.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let store: MongoStore;
let entries: Collection<Document & { _id: string }>;
let heads: Collection<Document & { _id: string }>;
let settings: Collection<Document & { _id: string }>;

beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "audit");
  store = await database.openStore();
  const db = database.client.db(database.name);
  [entries, heads, settings] = [db.collection("audit"), db.collection("auditHead"), db.collection("settings")];
});
afterEach(() => database.close());

const id = (seq: number) => `aud_${String(seq).padStart(16, "0")}`;
const act = (number: number) => ({
  actor: "key:1",
  action: "group.change",
  subject: `grp_${number}`,
  detail: { fields: ["name"], number },
});
async function appendSome(count = 6): Promise<void> {
  for (let number = 2; number <= count; number++) await store.audit.append(act(number));
}
/** Replaces an entry: FerretDB, too, knows no change of an `_id`. */
async function put(document: Document & { _id: string }): Promise<void> {
  await entries.deleteOne({ _id: document._id });
  await entries.insertOne(document);
}
/** Puts a collection back to what it was. */
async function restore(
  collection: Collection<Document & { _id: string }>,
  documents: (Document & { _id: string })[],
): Promise<void> {
  await collection.deleteMany({});
  if (documents.length > 0) await collection.insertMany(documents);
}
const all = (collection: Collection<Document & { _id: string }>) => collection.find().toArray();
const read = async (seq: number) => (await entries.findOne({ _id: id(seq) })) ?? expect.fail(`no entry ${seq}`);

describe("the chain of the audit", () => {
  it("holds what was appended, in order, after its beginning", async () => {
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 0, unchained: 0 });
    await appendSome();
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 6, unchained: 0, head: { seq: 6 } });
    const { data } = await store.audit.list({ limit: 2 });
    expect(data).toMatchObject([
      { id: id(6), ...act(6) },
      { id: id(5), ...act(5) },
    ]);
    expect(data[0]?.prev).toBe(data[1]?.mac);
    const all: string[] = [];
    for await (const entry of store.audit.all()) all.push(entry.id);
    expect(all).toEqual([1, 2, 3, 4, 5, 6].map(id));
  });

  it.each<[string, { fault: string; seq: number }, () => Promise<unknown>]>([
    ["a changed subject", { fault: "changed", seq: 3 }, async () => put({ ...(await read(3)), subject: "grp_9" })],
    ["a changed actor", { fault: "changed", seq: 6 }, async () => put({ ...(await read(6)), actor: "key:2" })],
    ["a changed time", { fault: "changed", seq: 4 }, async () => put({ ...(await read(4)), at: new Date(0) })],
    ["a changed detail", { fault: "changed", seq: 2 }, async () => put({ ...(await read(2)), detail: "{}" })],
    [
      "a text moved from one field to the next",
      { fault: "changed", seq: 2 },
      async () => put({ ...(await read(2)), action: "group.changeg", subject: "rp_2" }),
    ],
    ["an entry taken out", { fault: "missing", seq: 4 }, async () => entries.deleteOne({ _id: id(4) })],
    ["the beginning taken out", { fault: "missing", seq: 1 }, async () => entries.deleteOne({ _id: id(1) })],
    [
      "two entries swapped",
      { fault: "changed", seq: 3 },
      async () => {
        const [third, fourth] = [await read(3), await read(4)];
        await put({ ...fourth, _id: third._id });
        await put({ ...third, _id: fourth._id });
      },
    ],
    [
      "an entry put in behind the last",
      { fault: "changed", seq: 7 },
      async () => entries.insertOne({ ...(await read(6)), _id: id(7), prev: (await read(6))["mac"] as string }),
    ],
    [
      "an entry that claims to be older than the chain",
      { fault: "unchained", seq: 1 },
      async () =>
        entries.insertOne({
          _id: "aud_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
          at: new Date(0),
          actor: "a",
          action: "b",
          subject: "c",
        }),
    ],
    [
      "the last ones cut off",
      { fault: "cut_short", seq: 6 },
      async () => {
        for (const seq of [5, 6]) await entries.deleteOne({ _id: id(seq) });
      },
    ],
    [
      "the last ones cut off and the record of the last one moved back",
      { fault: "head", seq: 4 },
      async () => {
        for (const seq of [5, 6]) await entries.deleteOne({ _id: id(seq) });
        await heads.updateOne({ _id: "head" }, { $set: { seq: 4, mac: (await read(4))["mac"] as string } });
      },
    ],
    ["the record of the last one taken away", { fault: "head", seq: 6 }, async () => heads.deleteOne({ _id: "head" })],
    ["everything taken away but that record", { fault: "cut_short", seq: 6 }, async () => entries.deleteMany({})],
    [
      "everything taken away with that record",
      { fault: "cut_short", seq: 6 },
      async () => Promise.all([entries.deleteMany({}), heads.deleteMany({})]),
    ],
    [
      "everything taken away, the high-water mark too",
      { fault: "mark", seq: 0 },
      async () => Promise.all([entries.deleteMany({}), heads.deleteMany({}), settings.deleteOne({ _id: "auditMark" })]),
    ],
    ["the high-water mark taken away", { fault: "mark", seq: 6 }, async () => settings.deleteOne({ _id: "auditMark" })],
    [
      "a high-water mark whose number was changed",
      { fault: "mark", seq: 6 },
      async () => settings.updateOne({ _id: "auditMark" }, { $set: { seq: 5 } }),
    ],
    ["a member added", { fault: "changed", seq: 3 }, async () => put({ ...(await read(3)), note: "harmless" })],
    [
      "a member added to the last one",
      { fault: "changed", seq: 6 },
      async () => entries.updateOne({ _id: id(6) }, { $set: { approvedBy: "key:2" } }),
    ],
    ["an empty member added", { fault: "changed", seq: 4 }, async () => put({ ...(await read(4)), note: null })],
    [
      "a member that we know, added",
      { fault: "changed", seq: 4 },
      async () => put({ ...(await read(4)), intent: id(3) }),
    ],
    [
      "a member taken away",
      { fault: "changed", seq: 5 },
      async () => entries.updateOne({ _id: id(5) }, { $unset: { detail: "" } }),
    ],
    [
      "a text turned into another type",
      { fault: "changed", seq: 2 },
      async () => put({ ...(await read(2)), subject: ["grp_2"] }),
    ],
    [
      "a time turned into text",
      { fault: "changed", seq: 2 },
      async () => put({ ...(await read(2)), at: String((await read(2))["at"]) }),
    ],
    [
      "a member added to an entry that claims to be older than the chain",
      { fault: "unchained", seq: 1 },
      async () => entries.insertOne({ _id: "aud_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", at: "never", extra: 1 }),
    ],
  ])("shows %s", async (_name, found, tamper) => {
    await appendSome();
    await tamper();
    expect(await store.audit.verify()).toMatchObject({ ok: false, ...found });
  });

  it("shows a chain and its head set back to an older state", async () => {
    await appendSome(4);
    const older = [await all(entries), await all(heads)] as const;
    await store.audit.append(act(5));
    await restore(entries, older[0]);
    await restore(heads, older[1]);
    expect(await store.audit.verify()).toMatchObject({ ok: false, fault: "cut_short", seq: 5 });
    // Nor does a process that starts on it, and writes to it, make it whole.
    const other = await database.openStore();
    await other.audit.append(act(6));
    expect(await other.audit.verify()).toMatchObject({ ok: false, fault: "changed", seq: 5 });
  });

  it("shows an emptied one that a new process goes on with", async () => {
    await appendSome(4);
    await Promise.all([entries.deleteMany({}), heads.deleteMany({}), settings.deleteOne({ _id: "auditMark" })]);
    const other = await database.openStore();
    await other.audit.append(act(6));
    expect(await other.audit.verify()).toMatchObject({ ok: false, fault: "mark" });
  });

  it(
    "shows one set back with everything that is in the database only against a head that was " + "noted elsewhere",
    async () => {
      await appendSome(4);
      const older = [await all(entries), await all(heads), await all(settings)] as const;
      await store.audit.append(act(5));
      const { head } = await store.audit.verify();
      await restore(entries, older[0]);
      await restore(heads, older[1]);
      await restore(settings, older[2]);
      // Every seal of it is genuine: only what is kept outside the database tells.
      expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 4 });
      expect(await store.audit.verify(head)).toMatchObject({ ok: false, fault: "cut_short", seq: 5 });
      expect(await store.audit.verify({ seq: 4, mac: "x" })).toMatchObject({ ok: false, fault: "changed", seq: 4 });
    },
  );

  it("is one and unbroken after 200 appends at once of two processes", async () => {
    const other = await database.openStore();
    await Promise.all(
      Array.from({ length: 200 }, (_none, number) => (number % 2 === 0 ? store : other).audit.append(act(number))),
    );
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 201 });
    const subjects = new Set<string>();
    for await (const entry of other.audit.all()) subjects.add(entry.subject);
    expect(subjects.size).toBe(201);
  });

  it("counts entries from before it, and holds them fast", async () => {
    const old = {
      _id: "aud_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
      at: new Date(1_000),
      actor: "key:1",
      action: "api.create",
      subject: "api_1",
    };
    await entries.insertOne(old);
    await appendSome(3);
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 3, unchained: 1 });
    expect((await store.audit.list({ limit: 10 })).data.map((entry) => entry.id)).toEqual([
      id(3),
      id(2),
      id(1),
      old._id,
    ]);
    await put({ ...old, subject: "api_2" });
    expect(await store.audit.verify()).toMatchObject({ ok: false, fault: "unchained" });
  });

  it("is verified without a mark in a database from before it, and has one from its next entry on", async () => {
    await appendSome(3);
    // What an earlier release left: a pepper that says nothing of a mark.
    const context = { collection: "settings", id: "pepper", field: "sealed", owner: "system" };
    const sealed = (await store.keyring.scope("system")).seal(
      context,
      store.signing.grants.authority.content.pepper.export(),
    );
    await settings.replaceOne({ _id: "pepper" }, { sealed: new Binary(sealed) });
    for (const name of ["grantHead", "grantLedger"])
      await database.client.db(database.name).collection(name).deleteMany({});
    await settings.deleteOne({ _id: "auditMark" });

    const upgraded = await database.openStore();
    expect(await upgraded.audit.verify()).toMatchObject({ ok: true, chained: 3 });
    await upgraded.audit.append(act(4));
    expect(await upgraded.audit.verify()).toMatchObject({ ok: true, chained: 4 });
    // The command that signs the rows notes that there is a mark: from then on it cannot be taken away unseen.
    await signGrants(upgraded.signing);
    const signed = await database.openStore();
    expect(await signed.audit.verify()).toMatchObject({ ok: true, chained: 4 });
    await Promise.all([entries.deleteMany({}), heads.deleteMany({})]);
    expect(await signed.audit.verify()).toMatchObject({ ok: false, fault: "cut_short", seq: 4 });
    await settings.deleteOne({ _id: "auditMark" });
    expect(await signed.audit.verify()).toMatchObject({ ok: false, fault: "mark" });
  });

  it("tells which acts were begun and not ended, over a restart too, and settles each once", async () => {
    const begin = (subject: string) => store.audit.append({ actor: "key:1", action: "act.begin", subject });
    const [first, second] = [await begin("grp_1"), await begin("grp_2")];
    await store.audit.append({ ...act(1), intent: first });
    const names = (entries: { id: string }[]) => entries.map((entry) => entry.id);
    expect(names(await store.audit.unsettled())).toEqual([second]);
    expect(await store.audit.verify()).toMatchObject({ ok: true, open: [second] });
    const third = await begin("grp_3");
    const others = [await database.openStore(), await database.openStore()];
    for (const other of others) expect(names(await other.audit.unsettled())).toEqual([second, third]);
    const outcome = { actor: "service", action: "act.complete", subject: "grp_2", intent: second };
    const settled = await Promise.all([...others, store].map((each) => each.audit.settle(outcome)));
    expect(settled.filter(Boolean)).toHaveLength(1);
    for (const each of [...others, store]) expect(names(await each.audit.unsettled())).toEqual([third]);
    await store.audit.append({ ...act(3), intent: third });
    expect(await store.audit.unsettled()).toEqual([]);
    expect(await (await database.openStore()).audit.unsettled()).toEqual([]);
    expect(await store.audit.verify()).toMatchObject({ ok: true, open: [] });
  });

  it("filters by actor, action, subject and time", async () => {
    await appendSome(3);
    await store.audit.append({ actor: "person:1", action: "session.start", subject: "person:1" });
    const ids = async (filter: Parameters<MongoStore["audit"]["list"]>[1]) =>
      (await store.audit.list({ limit: 10 }, filter)).data.map((entry) => entry.id);
    expect(await ids({ actor: "person:1" })).toEqual([id(4)]);
    expect(await ids({ action: "group.change", subject: "grp_2" })).toEqual([id(2)]);
    expect(await ids({ until: new Date(0) })).toEqual([]);
    expect(await ids({ since: new Date(0) })).toHaveLength(4);
  });
});
