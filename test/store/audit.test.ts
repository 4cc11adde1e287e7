import type { Collection, Document } from "mongodb";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../src/store/mongo-store.js";
import { openDatabase, type TestDatabase } from "./database.js";

let database: TestDatabase;
let store: MongoStore;
let entries: Collection<Document & { _id: string }>;
let heads: Collection<Document & { _id: string }>;

beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "audit");
  store = await database.openStore();
  const db = database.client.db(database.name);
  [entries, heads] = [db.collection("audit"), db.collection("auditHead")];
});
afterEach(() => database.close());

const id = (seq: number) => `aud_${String(seq).padStart(16, "0")}`;
const act = (number: number) => ({ actor: "key:1", action: "group.change", subject: `grp_${number}`, detail: { fields: ["name"], number } });
async function appendSome(count = 6): Promise<void> {
  for (let number = 2; number <= count; number++) await store.audit.append(act(number));
}
/** Replaces an entry: the stand-in, too, knows no change of an `_id`. */
async function put(document: Document & { _id: string }): Promise<void> {
  await entries.deleteOne({ _id: document._id });
  await entries.insertOne(document);
}
const read = async (seq: number) => (await entries.findOne({ _id: id(seq) })) ?? expect.fail(`no entry ${seq}`);

describe("the chain of the audit", () => {
  it("holds what was appended, in order, after its beginning", async () => {
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 0, unchained: 0 });
    await appendSome();
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 6, unchained: 0, head: { seq: 6 } });
    const { data } = await store.audit.list({ limit: 2 });
    expect(data).toMatchObject([{ id: id(6), ...act(6) }, { id: id(5), ...act(5) }]);
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
    ["a text moved from one field to the next", { fault: "changed", seq: 2 }, async () => put({ ...(await read(2)), action: "group.changeg", subject: "rp_2" })],
    ["an entry taken out", { fault: "missing", seq: 4 }, async () => entries.deleteOne({ _id: id(4) })],
    ["the beginning taken out", { fault: "missing", seq: 1 }, async () => entries.deleteOne({ _id: id(1) })],
    ["two entries swapped", { fault: "changed", seq: 3 }, async () => {
      const [third, fourth] = [await read(3), await read(4)];
      await put({ ...fourth, _id: third._id });
      await put({ ...third, _id: fourth._id });
    }],
    ["an entry put in behind the last", { fault: "changed", seq: 7 }, async () => entries.insertOne({ ...(await read(6)), _id: id(7), prev: (await read(6))["mac"] as string })],
    ["an entry that claims to be older than the chain", { fault: "unchained", seq: 1 }, async () => entries.insertOne({ _id: "aud_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", at: new Date(0), actor: "a", action: "b", subject: "c" })],
    ["the last ones cut off", { fault: "cut_short", seq: 6 }, async () => {
      for (const seq of [5, 6]) await entries.deleteOne({ _id: id(seq) });
    }],
    ["the last ones cut off and the record of the last one moved back", { fault: "head", seq: 4 }, async () => {
      for (const seq of [5, 6]) await entries.deleteOne({ _id: id(seq) });
      await heads.updateOne({ _id: "head" }, { $set: { seq: 4, mac: (await read(4))["mac"] as string } });
    }],
    ["the record of the last one taken away", { fault: "head", seq: 6 }, async () => heads.deleteOne({ _id: "head" })],
    ["everything taken away but that record", { fault: "cut_short", seq: 6 }, async () => entries.deleteMany({})],
  ])("shows %s", async (_name, found, tamper) => {
    await appendSome();
    await tamper();
    expect(await store.audit.verify()).toMatchObject({ ok: false, ...found });
  });

  it("shows a chain set back to an older state, against a head that was noted elsewhere", async () => {
    await appendSome(4);
    const older = (await heads.findOne({ _id: "head" })) ?? expect.fail();
    await store.audit.append(act(5));
    const { head } = await store.audit.verify();
    await entries.deleteOne({ _id: id(5) });
    await heads.deleteOne({ _id: "head" });
    await heads.insertOne(older);
    // Every seal of it is genuine: only what is kept outside the database tells.
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 4 });
    expect(await store.audit.verify(head)).toMatchObject({ ok: false, fault: "cut_short", seq: 5 });
    expect(await store.audit.verify({ seq: 4, mac: "x" })).toMatchObject({ ok: false, fault: "changed", seq: 4 });
  });

  it("is one and unbroken after 200 appends at once of two processes", async () => {
    const other = await database.openStore();
    await Promise.all(Array.from({ length: 200 }, (_none, number) => (number % 2 === 0 ? store : other).audit.append(act(number))));
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 201 });
    const subjects = new Set<string>();
    for await (const entry of other.audit.all()) subjects.add(entry.subject);
    expect(subjects.size).toBe(201);
  });

  it("counts entries from before it, and holds them fast", async () => {
    const old = { _id: "aud_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", at: new Date(1_000), actor: "key:1", action: "api.create", subject: "api_1" };
    await entries.insertOne(old);
    await appendSome(3);
    expect(await store.audit.verify()).toMatchObject({ ok: true, chained: 3, unchained: 1 });
    expect((await store.audit.list({ limit: 10 })).data.map((entry) => entry.id)).toEqual([id(3), id(2), id(1), old._id]);
    await put({ ...old, subject: "api_2" });
    expect(await store.audit.verify()).toMatchObject({ ok: false, fault: "unchained" });
  });

  it("filters by actor, action, subject and time", async () => {
    await appendSome(3);
    await store.audit.append({ actor: "person:1", action: "session.start", subject: "person:1" });
    const ids = async (filter: Parameters<MongoStore["audit"]["list"]>[1]) => (await store.audit.list({ limit: 10 }, filter)).data.map((entry) => entry.id);
    expect(await ids({ actor: "person:1" })).toEqual([id(4)]);
    expect(await ids({ action: "group.change", subject: "grp_2" })).toEqual([id(2)]);
    expect(await ids({ until: new Date(0) })).toEqual([]);
    expect(await ids({ since: new Date(0) })).toHaveLength(4);
  });
});
