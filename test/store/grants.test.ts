/** Whoever can write to the database, and has neither pepper nor master keys, gains nothing by it. */
import { Binary, type Collection } from "mongodb";
import { beforeEach, describe, expect, inject, it } from "vitest";
import type { Refusal } from "../../src/store/grants/refusals.js";
import { restoreGrants, rotateGrantKey, signGrants, surveyGrants } from "../../src/store/grants/signing.js";
import type { MongoStore } from "../../src/store/mongo-store.js";
import type { StoredApiKey } from "../../src/store/model.js";
import { openDatabase, type TestDatabase } from "./database.js";
import { AT, coded, later } from "./fixtures.js";

type Row = Record<string, unknown> & { _id: string };
let database: TestDatabase;
let store: MongoStore;
let raw: (name: string) => Collection<Row>;

beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "grants");
  raw = (name) => database.client.db(database.name).collection<Row>(name);
  store = await database.openStore();
  return () => database.close();
});

const key = (id: string, fields: Partial<StoredApiKey> = {}): StoredApiKey =>
  ({ id, name: id, role: "auditor", hash: Buffer.alloc(32, 1), scopes: ["audit:read"], createdAt: AT, expiresAt: later(60_000), ...fields });
const group = (id: string) => ({ id, name: id, grants: ["api_1"], samlGroups: ["hooks"], createdAt: AT, updatedAt: AT });
const connection = (id: string) => ({
  id, name: id, entityId: `https://idp/${id}`, ssoUrl: "https://idp/sso", certificates: [{ pem: "PEM", notBefore: AT, notAfter: later(1e9), fingerprint256: "f".repeat(64), addedAt: AT }],
  requireSignedResponse: true, idpInitiated: false, groupIds: ["grp_1"], roles: [{ samlGroup: "ops", role: "operator" as const }], status: "enabled" as const, createdAt: AT, updatedAt: AT,
});

async function refusalsOf(at: MongoStore, act: () => Promise<unknown>): Promise<Refusal[]> {
  const found: Refusal[] = [];
  at.grants.onRefused((refusal) => void found.push(refusal));
  await act();
  return found;
}

describe("a new database", () => {
  it("is born with the mark, and signs what it writes", async () => {
    expect(store.grants).toMatchObject({ marked: true, fault: undefined });
    await store.apiKeys.insert(key("key_1"));
    expect(await raw("apiKeys").findOne({ _id: "key_1" })).toMatchObject({ version: 1, mac: expect.stringMatching(/^mac_[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$/) as string });
    const other = await database.openStore();
    expect(await other.apiKeys.get("key_1")).toMatchObject({ id: "key_1", scopes: ["audit:read"] });
    expect(Object.keys((await other.apiKeys.get("key_1")) ?? {})).not.toContain("mac");
  });
});

describe("a row that was changed by the driver is refused like one that is not there", () => {
  const CHANGES: [string, string, Record<string, unknown>][] = [
    ["apiKeys", "role", { role: "admin" }], ["apiKeys", "scopes", { scopes: ["audit:read", "keys:write"] }], ["apiKeys", "no scopes", { scopes: undefined }],
    ["apiKeys", "hash", { hash: new Binary(Buffer.alloc(32, 9)) }], ["apiKeys", "previousHash", { previousHash: new Binary(Buffer.alloc(32, 9)), previousUntil: later(1e9) }],
    ["apiKeys", "expiresAt", { expiresAt: later(1e12) }], ["apiKeys", "groupId", { groupId: "grp_2" }], ["apiKeys", "apiIds", { apiIds: ["api_2"] }], ["apiKeys", "revokedAt", { revokedAt: AT }],
    ["apiKeys", "version", { version: 7 }], ["apiKeys", "a field of later releases", { power: "all" }], ["apiKeys", "no mac", { mac: undefined }], ["apiKeys", "an empty mac", { mac: "" }],
    ["apiKeys", "a mac that is an object", { mac: { key: "" } }], ["apiKeys", "a mac of zeros", { mac: `mac_000000000000.${"A".repeat(43)}` }], ["apiKeys", "ledgerSeq", { ledgerSeq: 5 }],
    ["groups", "samlGroups", { samlGroups: ["hooks", "everybody"] }], ["groups", "grants", { grants: ["api_1", "api_2"] }],
    ["samlConnections", "roles", { roles: [{ samlGroup: "hooks", role: "admin" }] }], ["samlConnections", "a certificate", { certificates: [{ pem: "MINE", notBefore: AT, notAfter: later(1e9), fingerprint256: "e".repeat(64), addedAt: AT }] }],
    ["samlConnections", "entityId", { entityId: "https://mine" }], ["samlConnections", "groupIds", { groupIds: ["grp_1", "grp_2"] }], ["samlConnections", "status", { status: "disabled" }],
    ["samlConnections", "idpInitiated", { idpInitiated: true }], ["samlConnections", "requireSignedResponse", { requireSignedResponse: false }], ["samlConnections", "groupsAttribute", { groupsAttribute: "x" }],
    ["samlConnections", "authnContextClassRefs", { authnContextClassRefs: [] }], ["samlConnections", "ssoUrl", { ssoUrl: "https://mine" }],
  ];
  it.each(CHANGES)("%s: %s", async (name, _what, change) => {
    const [id, collection] = name === "apiKeys" ? ["key_1", store.apiKeys] : name === "groups" ? ["grp_1", store.groups] : ["sso_1", store.samlConnections];
    await store.apiKeys.insert(key("key_1"));
    await store.groups.insert(group("grp_1"));
    await store.samlConnections.insert(connection("sso_1"));
    const before = await raw(name).findOne({ _id: id });
    const $unset = Object.fromEntries(Object.entries(change).filter(([, value]) => value === undefined).map(([field]) => [field, ""]));
    const $set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    if (Object.keys($set).length > 0) expect((await raw(name).updateOne({ _id: id }, { $set })).modifiedCount).toBe(1);
    if (Object.keys($unset).length > 0) expect((await raw(name).updateOne({ _id: id }, { $unset: $unset as Record<string, ""> })).modifiedCount).toBe(1);
    for (const at of [store, await database.openStore()]) {
      const on = { apiKeys: at.apiKeys, groups: at.groups, samlConnections: at.samlConnections }[name] ?? collection;
      const refusals = await refusalsOf(at, async () => {
        expect(await on.get(id)).toBeUndefined();
        expect(await on.all()).toEqual([]);
        expect((await on.list({ limit: 10 })).data).toEqual([]);
      });
      expect(refusals).toMatchObject([{ collection: name, id }]);
      // It is no base for a change either, or the next innocent one would sign it.
      expect(await on.update(id, (item) => item as never)).toBeUndefined();
    }
    await raw(name).replaceOne({ _id: id }, before ?? {});
    expect(await collection.get(id)).toMatchObject({ id });
  });

  it("whatever stands in it", async () => {
    for (const [index, row] of [{}, { hash: 1 }, { role: "admin", hash: new Binary(Buffer.alloc(32)), createdAt: AT, version: 1 }, { mac: 5 }, { mac: `mac_0.${"A".repeat(43)}` }].entries()) {
      await raw("apiKeys").insertOne({ _id: `key_${index}`, ...row });
    }
    expect(await store.apiKeys.all()).toEqual([]);
    expect(await store.apiKeys.delete("key_0")).toBe(true);
  });

  it("also where a signed row is copied under another id or into another collection", async () => {
    await store.apiKeys.insert(key("key_1", { role: "admin" }));
    const row = await raw("apiKeys").findOne({ _id: "key_1" });
    await raw("apiKeys").insertOne({ ...row, _id: "key_2" });
    await raw("groups").insertOne({ ...row, _id: "key_1" });
    expect(await store.apiKeys.get("key_2")).toBeUndefined();
    expect(await store.groups.get("key_1")).toBeUndefined();
  });
});

describe("an old signed row that is put back", () => {
  const revoked = (item: StoredApiKey) => ({ ...item, revokedAt: AT });

  it.each([0, 1, 3])("does not undo a revocation, with %i changes in between", async (between) => {
    await store.apiKeys.insert(key("key_1"));
    const old = await raw("apiKeys").findOne({ _id: "key_1" });
    for (let i = 0; i < between; i++) await store.apiKeys.update("key_1", (item) => ({ ...item, name: `n${i}` }));
    await store.apiKeys.update("key_1", revoked);
    await raw("apiKeys").replaceOne({ _id: "key_1" }, old ?? {});
    for (const at of [store, await database.openStore()]) {
      const found = await at.apiKeys.get("key_1");
      // The last version before is finished from the ledger, anything older counts for nothing.
      if (between === 0) expect(found).toMatchObject({ revokedAt: AT });
      else expect(found).toBeUndefined();
    }
  });

  it("does not bring a deleted connection, a removed certificate, a role or a group's grant back", async () => {
    await store.samlConnections.insert(connection("sso_1"));
    await store.samlConnections.insert(connection("sso_2"));
    await store.groups.insert(group("grp_1"));
    const [one, two, three] = await Promise.all([raw("samlConnections").findOne({ _id: "sso_1" }), raw("samlConnections").findOne({ _id: "sso_2" }), raw("groups").findOne({ _id: "grp_1" })]);
    await store.samlConnections.delete("sso_1");
    await store.samlConnections.update("sso_2", (item) => ({ ...item, roles: [], certificates: [] }));
    await store.groups.update("grp_1", (item) => ({ ...item, grants: [], samlGroups: [] }));
    await raw("samlConnections").insertOne(one as Row);
    await raw("samlConnections").replaceOne({ _id: "sso_2" }, two ?? {});
    await raw("groups").replaceOne({ _id: "grp_1" }, three ?? {});
    const other = await database.openStore();
    for (const at of [other, store]) {
      expect(await at.samlConnections.get("sso_1")).toBeUndefined();
      expect(await at.samlConnections.get("sso_2")).toMatchObject({ roles: [], certificates: [] });
      expect(await at.groups.get("grp_1")).toMatchObject({ grants: [], samlGroups: [] });
    }
  });

  it("may be made anew under the same id by us, and counts from there", async () => {
    await store.groups.insert(group("grp_1"));
    const old = await raw("groups").findOne({ _id: "grp_1" });
    await store.groups.delete("grp_1");
    await store.groups.insert({ ...group("grp_1"), grants: [] });
    expect(await store.groups.get("grp_1")).toMatchObject({ grants: [] });
    await raw("groups").replaceOne({ _id: "grp_1" }, old ?? {});
    expect(await (await database.openStore()).groups.get("grp_1")).toBeUndefined();
  });
});

describe("a crash between ledger and row", () => {
  it("leaves the old row without effect, and whoever reads next finishes it", async () => {
    await store.apiKeys.insert(key("key_1"));
    const old = await raw("apiKeys").findOne({ _id: "key_1" });
    await store.apiKeys.update("key_1", (item) => ({ ...item, hash: Buffer.alloc(32, 2), revokedAt: AT }));
    const written = await raw("apiKeys").findOne({ _id: "key_1" });
    // As the crash leaves it: the entry is there, the row is the old one.
    await raw("apiKeys").replaceOne({ _id: "key_1" }, old ?? {});
    const after = await database.openStore();
    expect(await after.apiKeys.get("key_1")).toMatchObject({ revokedAt: AT });
    expect(await raw("apiKeys").findOne({ _id: "key_1" })).toEqual(written);
  });

  it("with the head not moved either is no fault", async () => {
    await store.apiKeys.insert(key("key_1"));
    const head = await raw("grantHead").findOne({ _id: "head" });
    await store.apiKeys.update("key_1", (item) => ({ ...item, revokedAt: AT }));
    await raw("grantHead").replaceOne({ _id: "head" }, head ?? {});
    const after = await database.openStore();
    expect(after.grants.fault).toBeUndefined();
    expect(await after.apiKeys.get("key_1")).toMatchObject({ revokedAt: AT });
    expect(await raw("grantHead").findOne({ _id: "head" })).toMatchObject({ seq: 1 });
  });

  it("of a deletion deletes", async () => {
    await store.samlConnections.insert(connection("sso_1"));
    const row = await raw("samlConnections").findOne({ _id: "sso_1" });
    await store.samlConnections.delete("sso_1");
    await raw("samlConnections").insertOne(row as Row);
    expect(await (await database.openStore()).samlConnections.get("sso_1")).toBeUndefined();
    expect(await raw("samlConnections").findOne({ _id: "sso_1" })).toBeNull();
  });
});

describe("the ledger", () => {
  beforeEach(async () => {
    await store.apiKeys.insert(key("key_1"));
    for (let i = 1; i <= 4; i++) await store.apiKeys.update("key_1", (item) => ({ ...item, name: `n${i}` }));
  });
  const idOf = (seq: number) => `gl_${String(seq).padStart(16, "0")}`;
  const TAMPERED: [string, () => Promise<unknown>][] = [
    ["its tail cut off", () => raw("grantLedger").deleteOne({ _id: idOf(4) })],
    ["all of it gone", () => raw("grantLedger").deleteMany({})],
    ["an entry missing", () => raw("grantLedger").deleteOne({ _id: idOf(2) })],
    ["an entry changed", () => raw("grantLedger").updateOne({ _id: idOf(2) }, { $set: { atLeast: 1 } })],
    ["an entry of another row", () => raw("grantLedger").updateOne({ _id: idOf(3) }, { $set: { subject: "apiKeys/key_9" } })],
    ["an entry without what the row becomes", () => raw("grantLedger").updateOne({ _id: idOf(3) }, { $unset: { next: "" } })],
    ["an entry forged behind the last", () => raw("grantLedger").insertOne({ _id: idOf(5), at: AT, subject: "apiKeys/key_1", atLeast: 99, prev: "", mac: "" })],
    ["the record of its end gone", () => raw("grantHead").deleteOne({ _id: "head" })],
  ];
  it.each(TAMPERED)("with %s lets nobody in, and a start says so in one sentence", async (_what, tamper) => {
    await tamper();
    const after = await database.openStore();
    expect(after.grants.fault).toMatchObject({ code: "grants_broken", message: expect.stringMatching(/^[^\n]{60,400}npm run grants:sign -- --restored[^\n]*\.$/) as string });
    await expect(after.apiKeys.get("key_1")).rejects.toThrow(coded("grants_broken"));
    await expect(after.apiKeys.all()).rejects.toThrow(coded("grants_broken"));
    await expect(after.apiKeys.insert(key("key_2"))).rejects.toThrow(coded("grants_broken"));
    // Everything else can still be read, to find out what happened.
    expect(await after.audit.verify()).toMatchObject({ ok: true });
  });

  it("set back together with its record is noticed by any row that was signed later", async () => {
    const [entries, head, row] = await Promise.all([raw("grantLedger").find().toArray(), raw("grantHead").findOne({ _id: "head" }), raw("apiKeys").findOne({ _id: "key_1" })]);
    await store.apiKeys.update("key_1", (item) => ({ ...item, revokedAt: AT }));
    await store.groups.insert(group("grp_1"));
    await raw("grantLedger").deleteMany({});
    await raw("grantLedger").insertMany(entries);
    await raw("grantHead").replaceOne({ _id: "head" }, head ?? {});
    await raw("apiKeys").replaceOne({ _id: "key_1" }, row ?? {});
    const after = await database.openStore();
    await expect(after.groups.get("grp_1")).rejects.toThrow(coded("grants_broken"));
    // The process that made the entries knows better, and writes on no shortened chain.
    await expect(store.apiKeys.get("key_1")).rejects.toThrow(coded("grants_broken"));
    await expect(store.groups.update("grp_1", (item) => ({ ...item, name: "x" }))).rejects.toThrow(coded("grants_broken"));
  });

  it("is one chain of several processes, and every change of a row is decided once", async () => {
    const others = [store, await database.openStore(), await database.openStore()];
    await store.groups.insert({ ...group("grp_c"), grants: [] });
    await Promise.all(Array.from({ length: 30 }, (_, i) => others[i % 3]?.groups.update("grp_c", (item) => ({ ...item, grants: [...item.grants, `api_${i}`] }))));
    expect([...((await store.groups.get("grp_c"))?.grants ?? [])].sort()).toEqual(Array.from({ length: 30 }, (_, i) => `api_${i}`).sort());
    const after = await database.openStore();
    expect(after.grants.fault).toBeUndefined();
    expect(await raw("grantLedger").countDocuments()).toBe(34);
  });
});

describe("the sealed pepper", () => {
  it("of an earlier state is noticed: at a start, and by a process that runs", async () => {
    const first = await raw("settings").findOne({ _id: "pepper" });
    await store.apiKeys.insert(key("key_1"));
    await rotateGrantKey(store.signing, { settleMs: 0 });
    await raw("settings").replaceOne({ _id: "pepper" }, first ?? {});
    const after = await database.openStore();
    expect(after.grants.fault).toMatchObject({ code: "grants_broken" });
    const refusals = await refusalsOf(store, () => store.apiKeys.update("key_1", (item) => ({ ...item, name: "still" })));
    expect(refusals).toEqual([{ collection: "settings", id: "pepper", why: "exchanged" }]);
    expect(await store.apiKeys.get("key_1")).toMatchObject({ name: "still" });
  });

  it("without the mark, from before signing, beside signed rows lets nobody in", async () => {
    await store.apiKeys.insert(key("key_1"));
    await store.apiKeys.update("key_1", (item) => ({ ...item, name: "n" }));
    const pepper = await legacyPepper(store);
    await raw("settings").replaceOne({ _id: "pepper" }, pepper);
    const after = await database.openStore();
    expect(after.grants).toMatchObject({ marked: false, fault: { code: "grants_broken" } });
    await expect(after.apiKeys.all()).rejects.toThrow(coded("grants_broken"));
    // And with only the record of the ledger left.
    await raw("apiKeys").deleteMany({});
    expect((await database.openStore()).grants.fault).toMatchObject({ code: "grants_broken" });
  });

  it("of another installation under the same master keys opens no row of this one", async () => {
    await store.apiKeys.insert(key("key_1"));
    const elsewhere = await openDatabase(inject("mongodbUrl"), "grants_other");
    try {
      await elsewhere.openStore(database.masterKeys);
      const foreign = elsewhere.client.db(elsewhere.name);
      for (const name of ["settings", "dataKeys", "grantHead", "grantLedger"]) {
        await raw(name).deleteMany({});
        const rows = await foreign.collection<Row>(name).find().toArray();
        if (rows.length > 0) await raw(name).insertMany(rows);
      }
      expect(await (await database.openStore()).apiKeys.get("key_1")).toBeUndefined();
    } finally {
      await elsewhere.close();
    }
  });
});

/** As a release before signing has written it, with the same pepper. */
async function legacyPepper(of: MongoStore): Promise<Row> {
  const { pepper } = of.signing.grants.authority.content;
  const sealed = (await of.keyring.scope("system")).seal({ collection: "settings", id: "pepper", field: "sealed", owner: "system" }, pepper.export());
  return { _id: "pepper", sealed: new Binary(sealed) };
}

/** Takes signing out of the database again, as if a release before it had written everything. */
async function unsign(of: MongoStore): Promise<void> {
  await raw("settings").replaceOne({ _id: "pepper" }, await legacyPepper(of));
  for (const name of ["apiKeys", "groups", "samlConnections", "sessions"]) await raw(name).updateMany({}, { $unset: { mac: "", ledgerSeq: "" } });
  for (const name of ["grantHead", "grantLedger"]) await raw(name).deleteMany({});
}

describe("a database from before signing", () => {
  let process: MongoStore;
  beforeEach(async () => {
    await store.apiKeys.insert(key("key_1"));
    await store.apiKeys.insert(key("key_2", { role: "admin" }));
    await store.samlConnections.insert(connection("sso_1"));
    await store.sessions.insert({ id: "ses_1", personId: "per_1", connectionId: "sso_1", startedAt: AT, expiresAt: later(1e12), seenAt: AT, endsAt: later(1e12), identity: { nameId: "n", groups: [] } });
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
    expect((await signGrants(command.signing)).map(({ collection, id }) => `${collection}/${id}`)).toEqual(["apiKeys/key_1", "apiKeys/key_2", "samlConnections/sso_1"]);
    expect((await surveyGrants(command.signing)).map(({ state }) => state)).toEqual(["good", "good", "good"]);
    await raw("apiKeys").insertOne({ _id: "key_9", name: "mine", role: "admin", hash: new Binary(Buffer.alloc(32)), createdAt: AT, version: 1 });
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
    await expect(signGrants(command.signing)).rejects.toThrow();
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
    const [one, two] = await Promise.all([raw("apiKeys").findOne({ _id: "key_1" }), raw("apiKeys").findOne({ _id: "key_2" })]);
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
    const changes = Array.from({ length: 12 }, (_, i) => () => running.groups.update("grp_r", (item) => ({ ...item, grants: [...item.grants, `api_${i}`] })));
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
    expect((await after.apiKeys.all()).map(({ id, name }) => ({ id, name }))).toEqual([{ id: "key_1", name: "second" }]);
    await after.apiKeys.update("key_1", (item) => ({ ...item, revokedAt: AT }));
    await raw("apiKeys").replaceOne({ _id: "key_1" }, before ?? {});
    expect(await (await database.openStore()).apiKeys.get("key_1")).toBeUndefined();
  });
});

describe("a session", () => {
  const session = { id: "ses_1", personId: "per_1", connectionId: "sso_1", startedAt: AT, expiresAt: later(1e12), seenAt: AT, endsAt: later(1e12), identity: { nameId: "n", groups: ["root"] } };
  it.each([
    ["another connection", { connectionId: "sso_2" }], ["another person", { personId: "per_2" }], ["another role", { role: "admin" }], ["a later end", { expiresAt: later(1e13), endsAt: later(1e13) }],
    ["an earlier start", { startedAt: later(-1) }], ["no mac", { mac: "" }], ["another version", { version: 9 }],
  ])("that was given %s is none", async (_what, change) => {
    await store.sessions.insert(session);
    await raw("sessions").updateOne({ _id: "ses_1" }, { $set: change });
    const refusals = await refusalsOf(store, async () => expect(await store.sessions.get("ses_1")).toBeUndefined());
    expect(refusals).toMatchObject([{ collection: "sessions", id: "ses_1" }]);
    expect(await store.sessions.change("ses_1", { role: "admin" })).toBe(false);
  });

  it("changes role and end, in two processes at once", async () => {
    await store.sessions.insert(session);
    const other = await database.openStore();
    expect(await Promise.all([store.sessions.change("ses_1", { role: "operator" }), other.sessions.change("ses_1", { endsAt: later(5e11), seenAt: later(1) })])).toEqual([true, true]);
    expect(await other.sessions.get("ses_1")).toMatchObject({ personId: "per_1", connectionId: "sso_1", identity: session.identity });
  });
});
