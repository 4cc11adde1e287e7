/** The command that signs rows: a database from before signing, a new key, a restore. */
import { Binary, type Collection } from "mongodb";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { restoreGrants, rotateGrantKey, signGrants, surveyGrants } from "../../../src/store/grants/signing.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { AT, coded, later } from "../fixtures.js";
import { connection, group, key, legacyPepper, type Row } from "../grant-rows.js";

let database: TestDatabase;
let store: MongoStore;
let raw: (name: string) => Collection<Row>;

beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "grants");
  raw = (name) => database.client.db(database.name).collection<Row>(name);
  store = await database.openStore();
  return () => database.close();
});

/** Takes signing out of the database again, as if a release before it had written everything. */
async function unsign(of: MongoStore): Promise<void> {
  await raw("settings").replaceOne({ _id: "pepper" }, await legacyPepper(of));
  for (const name of ["apiKeys", "groups", "samlConnections", "sessions"])
    await raw(name).updateMany({}, { $unset: { mac: "", ledgerSeq: "" } });
  for (const name of ["grantHead", "grantLedger"]) await raw(name).deleteMany({});
}

describe("a database from before signing", () => {
  let process: MongoStore;
  beforeEach(async () => {
    await store.apiKeys.insert(key("key_1"));
    await store.apiKeys.insert(key("key_2", { role: "admin" }));
    await store.samlConnections.insert(connection("sso_1"));
    await store.sessions.insert({
      id: "ses_1",
      personId: "per_1",
      connectionId: "sso_1",
      startedAt: AT,
      expiresAt: later(1e12),
      seenAt: AT,
      endsAt: later(1e12),
      identity: { nameId: "n", groups: [] },
    });
    await unsign(store);
    process = await database.openStore();
  });

  it("goes on as before, unsigned", async () => {
    expect(process.grants).toMatchObject({ marked: false, fault: undefined });
    expect((await process.apiKeys.all()).map(({ id }) => id).sort()).toEqual(["key_1", "key_2"]);
    await process.apiKeys.update("key_1", (item) => ({ ...item, name: "renamed" }));
    expect(await raw("apiKeys").findOne({ _id: "key_1" })).not.toHaveProperty("mac");
    expect(await process.sessions.get("ses_1")).toMatchObject({ personId: "per_1" });
  });

  it("is signed by the command; from then on a row without a MAC is refused, also by processes that run", async () => {
    const command = await database.openStore();
    expect((await signGrants(command.signing)).map(({ collection, id }) => `${collection}/${id}`)).toEqual([
      "apiKeys/key_1",
      "apiKeys/key_2",
      "samlConnections/sso_1",
    ]);
    expect((await surveyGrants(command.signing)).map(({ state }) => state)).toEqual(["good", "good", "good"]);
    await raw("apiKeys").insertOne({
      _id: "key_9",
      name: "mine",
      role: "admin",
      hash: new Binary(Buffer.alloc(32)),
      createdAt: AT,
      version: 1,
    });
    await process.catalogueVersions();
    for (const at of [process, await database.openStore()]) {
      await expect.poll(async () => (await at.catalogueVersions(), at.grants.marked)).toBe(true);
      expect((await at.apiKeys.all()).map(({ id }) => id).sort()).toEqual(["key_1", "key_2"]);
      expect(await at.sessions.get("ses_1")).toBeUndefined();
    }
    await process.apiKeys.update("key_1", (item) => ({ ...item, revokedAt: AT }));
    expect(await (await database.openStore()).apiKeys.get("key_1")).toMatchObject({ revokedAt: AT });
    // The row that came in between is shown, and signed only when it is named.
    expect(await signGrants(command.signing)).toEqual([]);
    expect((await surveyGrants(command.signing)).find(({ id }) => id === "key_9")).toMatchObject({ state: "unsigned" });
    await signGrants(command.signing, { accept: ["apiKeys/key_9"] });
    expect(await (await database.openStore()).apiKeys.get("key_9")).toMatchObject({ role: "admin" });
  });

  it("that the command was stopped in loses nothing, and is finished by the next run", async () => {
    await raw("apiKeys").updateOne({ _id: "key_2" }, { $unset: { version: "" } });
    const command = await database.openStore();
    // The second row cannot be signed under the version it has: as good as a crash there.
    await expect(signGrants(command.signing)).rejects.toThrow(/apiKeys\/key_2 has no version number/);
    expect((await database.openStore()).grants).toMatchObject({ marked: false, fault: undefined });
    await raw("apiKeys").updateOne({ _id: "key_2" }, { $set: { version: 1 } });
    await signGrants((await database.openStore()).signing);
    const after = await database.openStore();
    expect(after.grants.marked).toBe(true);
    expect((await after.apiKeys.all()).length).toBe(2);
  });
});

describe("a new key for signing", () => {
  it("leaves what is good as it is, and nothing signed before counts any more", async () => {
    await store.apiKeys.insert(key("key_1"));
    await store.apiKeys.insert(key("key_2"));
    await store.apiKeys.update("key_1", (item) => ({ ...item, name: "second" }));
    const [one, two] = await Promise.all([
      raw("apiKeys").findOne({ _id: "key_1" }),
      raw("apiKeys").findOne({ _id: "key_2" }),
    ]);
    await raw("apiKeys").updateOne({ _id: "key_2" }, { $set: { role: "admin" } });
    const running = await database.openStore();
    expect(await rotateGrantKey(store.signing, { settleMs: 0 })).toMatchObject([{ id: "key_2", state: "forged" }]);
    for (const at of [running, await database.openStore()]) {
      expect(await at.apiKeys.get("key_1")).toMatchObject({ name: "second" });
      expect(await at.apiKeys.get("key_2")).toBeUndefined();
    }
    await raw("apiKeys").replaceOne({ _id: "key_1" }, one ?? {});
    await raw("apiKeys").replaceOne({ _id: "key_2" }, two ?? {});
    await running.catalogueVersions();
    expect(await running.apiKeys.all()).toEqual([]);
    // A process that has not heard of the new key signs with it nevertheless.
    await running.apiKeys.insert(key("key_3"));
    expect(await (await database.openStore()).apiKeys.get("key_3")).toMatchObject({ id: "key_3" });
  });

  it("can be made while changes are under way", async () => {
    await store.groups.insert({ ...group("grp_r"), grants: [] });
    const running = await database.openStore();
    const changes = Array.from(
      { length: 12 },
      (_, i) => () => running.groups.update("grp_r", (item) => ({ ...item, grants: [...item.grants, `api_${i}`] })),
    );
    await Promise.all([rotateGrantKey(store.signing, { settleMs: 500 }), ...changes.map((change) => change())]);
    expect((await (await database.openStore()).groups.get("grp_r"))?.grants).toHaveLength(12);
  });
});

describe("after a restore", () => {
  it("of everything, or with a broken ledger, the rows are looked at and signed anew", async () => {
    await store.apiKeys.insert(key("key_1"));
    await store.apiKeys.insert(key("key_2"));
    await store.apiKeys.update("key_1", (item) => ({ ...item, name: "second" }));
    const before = await raw("apiKeys").findOne({ _id: "key_1" });
    await raw("apiKeys").updateOne({ _id: "key_2" }, { $set: { role: "admin" } });
    await raw("grantLedger").deleteMany({});
    const command = await database.openStore();
    expect(command.grants.fault).toMatchObject({ code: "grants_broken" });
    await expect(signGrants(command.signing)).rejects.toThrow(coded("grants_broken"));
    expect(await restoreGrants(command.signing)).toMatchObject([{ id: "key_2", state: "forged" }]);
    const after = await database.openStore();
    expect(after.grants).toMatchObject({ marked: true, fault: undefined });
    expect((await after.apiKeys.all()).map(({ id, name }) => ({ id, name }))).toEqual([
      { id: "key_1", name: "second" },
    ]);
    await after.apiKeys.update("key_1", (item) => ({ ...item, revokedAt: AT }));
    await raw("apiKeys").replaceOne({ _id: "key_1" }, before ?? {});
    expect(await (await database.openStore()).apiKeys.get("key_1")).toBeUndefined();
  });
});
