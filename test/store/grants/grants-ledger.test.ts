import { beforeEach, describe, expect, inject, it } from "vitest";
import { rotateGrantKey } from "../../../src/store/grants/signing.js";
import { openDatabase } from "../database.js";
import { AT, coded } from "../fixtures.js";
import { connection, group, key, legacyPepper, refusalsOf, type Row } from "../grant-rows.js";
import { database, store, raw, setUpGrants } from "./grants-setup.js";

setUpGrants();

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
    [
      "an entry of another row",
      () => raw("grantLedger").updateOne({ _id: idOf(3) }, { $set: { subject: "apiKeys/key_9" } }),
    ],
    [
      "an entry without what the row becomes",
      () => raw("grantLedger").updateOne({ _id: idOf(3) }, { $unset: { next: "" } }),
    ],
    [
      "an entry forged behind the last",
      () =>
        raw("grantLedger").insertOne({
          _id: idOf(5),
          at: AT,
          subject: "apiKeys/key_1",
          atLeast: 99,
          prev: "",
          mac: "",
        }),
    ],
    ["the record of its end gone", () => raw("grantHead").deleteOne({ _id: "head" })],
  ];
  it.each(TAMPERED)("with %s lets nobody in, and a start says so in one sentence", async (_what, tamper) => {
    await tamper();
    const after = await database.openStore();
    expect(after.grants.fault).toMatchObject({
      code: "grants_broken",
      message: expect.stringMatching(/^[^\n]{60,400}npm run grants:sign -- --restored[^\n]*\.$/) as string,
    });
    await expect(after.apiKeys.get("key_1")).rejects.toThrow(coded("grants_broken"));
    await expect(after.apiKeys.all()).rejects.toThrow(coded("grants_broken"));
    await expect(after.apiKeys.insert(key("key_2"))).rejects.toThrow(coded("grants_broken"));
    // Everything else can still be read, to find out what happened.
    expect(await after.audit.verify()).toMatchObject({ ok: true });
  });

  it("set back together with its record is noticed by any row that was signed later", async () => {
    const [entries, head, row] = await Promise.all([
      raw("grantLedger").find().toArray(),
      raw("grantHead").findOne({ _id: "head" }),
      raw("apiKeys").findOne({ _id: "key_1" }),
    ]);
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
    await expect(store.groups.update("grp_1", (item) => ({ ...item, name: "x" }))).rejects.toThrow(
      coded("grants_broken"),
    );
  });

  it("is one chain of several processes, and every change of a row is decided once", async () => {
    const others = [store, await database.openStore(), await database.openStore()];
    await store.groups.insert({ ...group("grp_c"), grants: [] });
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (others[i % 3] ?? store).groups.update("grp_c", (item) => ({ ...item, grants: [...item.grants, `api_${i}`] })),
      ),
    );
    expect([...((await store.groups.get("grp_c"))?.grants ?? [])].sort()).toEqual(
      Array.from({ length: 30 }, (_, i) => `api_${i}`).sort(),
    );
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
    const refusals = await refusalsOf(store, () =>
      store.apiKeys.update("key_1", (item) => ({ ...item, name: "still" })),
    );
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
