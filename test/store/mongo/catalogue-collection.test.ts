import { Binary } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Subscription } from "../../../src/store/model.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { AT, coded, later, subscription } from "../fixtures.js";

describe("catalogue collections", () => {
  let database: TestDatabase;
  let store: MongoStore;
  let other: MongoStore;

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "catalogue");
    store = await database.openStore();
    other = await database.openStore();
  });
  afterAll(() => database.close());

  it("gives back what was inserted, to every process", async () => {
    const api = { id: "api_1", name: "Payments", description: "d", createdAt: AT, updatedAt: AT };
    const schema = { $ref: "#/$defs/x", properties: { "a.b": { type: "string" } } };
    const type = { name: "payments.invoice.paid", apiId: "api_1", schema, createdAt: AT, updatedAt: AT };
    const group = { id: "grp_1", name: "Consumers", grants: ["api_1"], samlGroups: [], createdAt: AT, updatedAt: AT };
    const key = {
      id: "key_1",
      name: "ci",
      role: "consumer" as const,
      groupId: "grp_1",
      createdAt: AT,
      expiresAt: later(5),
      hash: Buffer.from("hash of the secret"),
    };
    await store.apis.insert(api);
    await store.eventTypes.insert(type);
    await store.groups.insert(group);
    await store.apiKeys.insert(key);
    expect(await other.apis.all()).toEqual([api]);
    expect(await other.eventTypes.get(type.name)).toEqual(type);
    expect(await other.groups.get("grp_1")).toEqual(group);
    const read = await other.apiKeys.get("key_1");
    expect({ ...read, hash: Buffer.from(read?.hash ?? []) }).toEqual(key);
    expect(await other.apis.get("api_none")).toBeUndefined();
    await expect(other.apis.insert({ ...api, name: "again" })).rejects.toThrow(coded("duplicate"));
    await expect(other.eventTypes.insert(type)).rejects.toThrow(coded("duplicate"));
  });

  it("gives back a subscription with its secrets, which lie sealed", async () => {
    const full = subscription("sub_full", {
      statusReason: "r",
      statusAt: AT,
      throttledUntil: later(9),
      retry: { scheduleSeconds: [1, 2], maxAttempts: 3, timeoutMs: 4_000 },
    });
    const {
      auth: _auth,
      tls: _tls,
      rateLimit: _rate,
      ...least
    } = subscription("sub_least", { secrets: [{ secret: "whsec_1", createdAt: AT }] });
    await store.subscriptions.insert(full);
    await store.subscriptions.insert(least);
    expect(await other.subscriptions.get("sub_full")).toEqual(full);
    expect(await other.subscriptions.get("sub_least")).toEqual(least);
    const raw = await database.client
      .db(database.name)
      .collection<{ _id: string }>("subscriptions")
      .findOne({ _id: "sub_full" }, { raw: true });
    const bytes = Buffer.from(raw as unknown as Uint8Array).toString("latin1");
    expect(bytes).toContain("public certificate");
    for (const secret of ["whsec_new", "whsec_old", "the password", "the client key"])
      expect(bytes).not.toContain(secret);
  });

  it("lays the query of a URL down sealed, and reads older rows that hold it in plain", async () => {
    const url = "https://consumer.example:8443/hook/a%20b?token=canary-1&x";
    await store.subscriptions.insert(subscription("sub_url", { url }));
    expect((await other.subscriptions.get("sub_url"))?.url).toBe(url);
    const collection = database.client
      .db(database.name)
      .collection<{ _id: string; url: string; sealed: unknown }>("subscriptions");
    expect(await collection.findOne({ _id: "sub_url" })).toMatchObject({
      url: "https://consumer.example:8443/hook/a%20b",
    });
    // As releases before laid it down: the sealed part holds no URL.
    const key = await store.keyring.scope("group/grp_1");
    const sealed = key.seal(
      { collection: "subscriptions", id: "sub_url", field: "sealed", owner: "group/grp_1" },
      Buffer.from(JSON.stringify({ secrets: [] })),
    );
    await collection.updateOne({ _id: "sub_url" }, { $set: { url, sealed: new Binary(sealed) } });
    expect((await other.subscriptions.get("sub_url"))?.url).toBe(url);
    await store.subscriptions.update("sub_url", (current) => ({ ...current, name: "changed" }));
    expect((await collection.findOne({ _id: "sub_url" }))?.url).not.toContain("canary");
    expect((await other.subscriptions.get("sub_url"))?.url).toBe(url);
    await store.subscriptions.delete("sub_url");
  });

  it("does not open secrets that were moved to another subscription", async () => {
    await store.subscriptions.insert(subscription("sub_m1"));
    await store.subscriptions.insert(subscription("sub_m2"));
    const raw = database.client.db(database.name).collection<{ _id: string; sealed: unknown }>("subscriptions");
    const moved = await raw.findOne({ _id: "sub_m2" });
    await raw.updateOne({ _id: "sub_m1" }, { $set: { sealed: moved?.sealed } });
    await expect(store.subscriptions.get("sub_m1")).rejects.toThrow(coded("sealed_data_invalid"));
    // Leaving it out would silently lose its events.
    await expect(store.subscriptions.all()).rejects.toThrow(coded("sealed_data_invalid"));
    await raw.deleteOne({ _id: "sub_m1" });
  });

  it("loses none of 60 concurrent updates from three processes", async () => {
    const third = await database.openStore();
    await store.subscriptions.insert(subscription("sub_c", { eventTypes: [] }));
    const add = (process: MongoStore, i: number) =>
      process.subscriptions.update("sub_c", (item) => ({ ...item, eventTypes: [...item.eventTypes, `type.${i}`] }));
    await Promise.all(Array.from({ length: 60 }, (_, i) => add([store, other, third][i % 3] ?? store, i)));
    const types = (await store.subscriptions.get("sub_c"))?.eventTypes ?? [];
    expect([...types].sort()).toEqual(Array.from({ length: 60 }, (_, i) => `type.${i}`).sort());
  });

  it("moves updatedAt forward even when the clock stands still, and answers with what it wrote", async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    await store.subscriptions.insert(subscription("sub_u", { updatedAt: ahead }));
    const paused = (item: Subscription): Subscription => ({
      ...item,
      status: "paused",
      secrets: item.secrets.slice(0, 1),
    });
    const after = await store.subscriptions.update("sub_u", paused);
    expect(after?.updatedAt.getTime()).toBe(ahead.getTime() + 1);
    expect(await other.subscriptions.get("sub_u")).toEqual(after);
    expect(await store.subscriptions.update("sub_none", paused)).toBeUndefined();
    await expect(store.subscriptions.update("sub_u", (item) => ({ ...item, id: "sub_other" }))).rejects.toThrow(
      /may not change the id/,
    );
    expect(await store.subscriptions.update("sub_u", (item) => item)).toBeDefined();
  });

  it("raises the catalogue version with every write and with nothing else", async () => {
    let version = await store.catalogueVersion();
    const raised = async (write: () => Promise<unknown>, by: number) => {
      await write();
      expect(await other.catalogueVersion()).toBe(version + by);
      version += by;
    };
    await raised(
      () => store.groups.insert({ id: "grp_v", name: "n", grants: [], samlGroups: [], createdAt: AT, updatedAt: AT }),
      1,
    );
    await raised(() => other.groups.update("grp_v", (group) => ({ ...group, name: "m" })), 1);
    await raised(() => store.groups.update("grp_none", (group) => group), 0);
    // What gives back the very object has changed nothing.
    const untouched = await store.groups.get("grp_v");
    await raised(() => store.groups.update("grp_v", (group) => group), 0);
    expect(await store.groups.get("grp_v")).toEqual(untouched);
    await raised(() => store.groups.update("grp_v", (group) => ({ ...group })), 1);
    await raised(() => store.groups.delete("grp_v"), 1);
    // There was nothing to delete, as when a deletion is repeated whose acknowledgement was lost. It is announced, by
    // and by.
    await store.groups.delete("grp_v");
    await expect.poll(() => other.catalogueVersion()).toBe(version + 1);
    version += 1;
    await raised(() => store.groups.list({ limit: 1 }), 0);
    await raised(() => store.ping(2_000), 0);
  });

  it("lists by filter, newest first, page by page", async () => {
    for (let i = 0; i < 5; i++)
      await store.subscriptions.insert(subscription(`sub_p${i}`, { groupId: `grp_p${i % 2}`, createdAt: later(i) }));
    const ids = async (filter: object) =>
      (await store.subscriptions.list({ limit: 250 }, filter)).data.map(({ id }) => id);
    expect(await ids({ groupId: "grp_p0" })).toEqual(["sub_p4", "sub_p2", "sub_p0"]);
    expect(await ids({ groupId: "grp_p0", ids: ["sub_p0", "sub_p1", "sub_p2"] })).toEqual(["sub_p2", "sub_p0"]);
    expect(await ids({ ids: [] })).toEqual([]);
    const first = await store.subscriptions.list({ limit: 2 }, { groupId: "grp_p0" });
    const second = await store.subscriptions.list({ limit: 2, cursor: first.next ?? "" }, { groupId: "grp_p0" });
    expect([first.data.length, second.data.map(({ id }) => id), second.next]).toEqual([2, ["sub_p0"], undefined]);
    expect((await store.eventTypes.list({ limit: 5 }, { apiId: "api_1" })).data.map(({ name }) => name)).toEqual([
      "payments.invoice.paid",
    ]);
    await expect(store.subscriptions.list({ limit: 2, cursor: "nonsense" })).rejects.toThrow(coded("cursor_invalid"));
  });

  it("leaves subscriptions of an erased group out", async () => {
    await store.subscriptions.insert(subscription("sub_e", { groupId: "grp_erased" }));
    await store.keyring.destroy("group/grp_erased");
    expect((await store.subscriptions.all()).map(({ id }) => id)).not.toContain("sub_e");
    expect((await store.subscriptions.list({ limit: 5 }, { groupId: "grp_erased" })).data).toEqual([]);
    await expect(store.subscriptions.get("sub_e")).rejects.toThrow(coded("key_destroyed"));
    expect(await store.subscriptions.delete("sub_e")).toBe(true);
  });
});
