/** Whoever can write to the database, and has neither pepper nor master keys, gains nothing by it. */
import { Binary } from "mongodb";
import { describe, expect, it } from "vitest";
import type { StoredApiKey } from "../../../src/store/model.js";
import { AT, later } from "../fixtures.js";
import { connection, group, key, refusalsOf, type Row } from "../grant-rows.js";
import { database, store, raw, setUpGrants } from "./grants-setup.js";

setUpGrants();

describe("a new database", () => {
  it("is born with the mark, and signs what it writes", async () => {
    expect(store.grants).toMatchObject({ marked: true, fault: undefined });
    await store.apiKeys.insert(key("key_1"));
    expect(await raw("apiKeys").findOne({ _id: "key_1" })).toMatchObject({
      version: 1,
      mac: expect.stringMatching(/^mac_[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$/) as string,
    });
    const other = await database.openStore();
    expect(await other.apiKeys.get("key_1")).toMatchObject({ id: "key_1", scopes: ["audit:read"] });
    expect(Object.keys((await other.apiKeys.get("key_1")) ?? {})).not.toContain("mac");
  });
});

describe("a row that was changed by the driver is refused like one that is not there", () => {
  const CHANGES: [string, string, Record<string, unknown>][] = [
    ["apiKeys", "role", { role: "admin" }],
    ["apiKeys", "scopes", { scopes: ["audit:read", "keys:write"] }],
    ["apiKeys", "no scopes", { scopes: undefined }],
    ["apiKeys", "hash", { hash: new Binary(Buffer.alloc(32, 9)) }],
    ["apiKeys", "previousHash", { previousHash: new Binary(Buffer.alloc(32, 9)), previousUntil: later(1e9) }],
    ["apiKeys", "expiresAt", { expiresAt: later(1e12) }],
    ["apiKeys", "groupId", { groupId: "grp_2" }],
    ["apiKeys", "apiIds", { apiIds: ["api_2"] }],
    ["apiKeys", "revokedAt", { revokedAt: AT }],
    ["apiKeys", "version", { version: 7 }],
    ["apiKeys", "a field of later releases", { power: "all" }],
    ["apiKeys", "no mac", { mac: undefined }],
    ["apiKeys", "an empty mac", { mac: "" }],
    ["apiKeys", "a mac that is an object", { mac: { key: "" } }],
    ["apiKeys", "a mac of zeros", { mac: `mac_000000000000.${"A".repeat(43)}` }],
    ["apiKeys", "ledgerSeq", { ledgerSeq: 5 }],
    ["groups", "samlGroups", { samlGroups: ["hooks", "everybody"] }],
    ["groups", "grants", { grants: ["api_1", "api_2"] }],
    ["samlConnections", "roles", { roles: [{ samlGroup: "hooks", role: "admin" }] }],
    [
      "samlConnections",
      "a certificate",
      {
        certificates: [
          { pem: "MINE", notBefore: AT, notAfter: later(1e9), fingerprint256: "e".repeat(64), addedAt: AT },
        ],
      },
    ],
    ["samlConnections", "entityId", { entityId: "https://mine" }],
    ["samlConnections", "groupIds", { groupIds: ["grp_1", "grp_2"] }],
    ["samlConnections", "status", { status: "disabled" }],
    ["samlConnections", "idpInitiated", { idpInitiated: true }],
    ["samlConnections", "requireSignedResponse", { requireSignedResponse: false }],
    ["samlConnections", "groupsAttribute", { groupsAttribute: "x" }],
    ["samlConnections", "authnContextClassRefs", { authnContextClassRefs: [] }],
    ["samlConnections", "ssoUrl", { ssoUrl: "https://mine" }],
  ];
  it.each(CHANGES)("%s: %s", async (name, _what, change) => {
    const [id, collection] =
      name === "apiKeys"
        ? ["key_1", store.apiKeys]
        : name === "groups"
          ? ["grp_1", store.groups]
          : ["sso_1", store.samlConnections];
    await store.apiKeys.insert(key("key_1"));
    await store.groups.insert(group("grp_1"));
    await store.samlConnections.insert(connection("sso_1"));
    const before = await raw(name).findOne({ _id: id });
    const $unset = Object.fromEntries(
      Object.entries(change)
        .filter(([, value]) => value === undefined)
        .map(([field]) => [field, ""]),
    );
    const $set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    if (Object.keys($set).length > 0) expect((await raw(name).updateOne({ _id: id }, { $set })).modifiedCount).toBe(1);
    if (Object.keys($unset).length > 0)
      expect((await raw(name).updateOne({ _id: id }, { $unset: $unset as Record<string, ""> })).modifiedCount).toBe(1);
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
    for (const [index, row] of [
      {},
      { hash: 1 },
      { role: "admin", hash: new Binary(Buffer.alloc(32)), createdAt: AT, version: 1 },
      { mac: 5 },
      { mac: `mac_0.${"A".repeat(43)}` },
    ].entries()) {
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
    const [one, two, three] = await Promise.all([
      raw("samlConnections").findOne({ _id: "sso_1" }),
      raw("samlConnections").findOne({ _id: "sso_2" }),
      raw("groups").findOne({ _id: "grp_1" }),
    ]);
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

describe("a session", () => {
  const session = {
    id: "ses_1",
    personId: "per_1",
    connectionId: "sso_1",
    startedAt: AT,
    expiresAt: later(1e12),
    seenAt: AT,
    endsAt: later(1e12),
    identity: { nameId: "n", groups: ["root"] },
  };
  it.each([
    ["another connection", { connectionId: "sso_2" }],
    ["another person", { personId: "per_2" }],
    ["another role", { role: "admin" }],
    ["a later end", { expiresAt: later(1e13), endsAt: later(1e13) }],
    ["an earlier start", { startedAt: later(-1) }],
    ["no mac", { mac: "" }],
    ["another version", { version: 9 }],
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
    expect(
      await Promise.all([
        store.sessions.change("ses_1", { role: "operator" }),
        other.sessions.change("ses_1", { endsAt: later(5e11), seenAt: later(1) }),
      ]),
    ).toEqual([true, true]);
    expect(await other.sessions.get("ses_1")).toMatchObject({
      personId: "per_1",
      connectionId: "sso_1",
      identity: session.identity,
    });
  });
});
