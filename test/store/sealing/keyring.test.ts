import type { Collection } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { DataKeyDocument } from "../../../src/store/sealing/data-keys.js";
import { createLocks, type LockDocument } from "../../../src/store/mongo/exclusive.js";
import type { SealContext } from "../../../src/store/sealing/data-key.js";
import { createKeyring, type KeyringOptions } from "../../../src/store/sealing/keyring.js";
import { localKeyProvider, type KeyProvider } from "../../../src/store/sealing/master-keys.js";
import { StoreError } from "../../../src/store/store-error.js";
import { masterKey, openDatabase, type TestDatabase } from "../database.js";

const MINUTE = 60_000;
const context: SealContext = { collection: "events", id: "evt_1", field: "payload", owner: "api/api_1" };
const text = Buffer.from("payload");
const coded = (code: string) => expect.objectContaining({ name: "StoreError", code }) as Error;

describe("keyring", () => {
  let database: TestDatabase;
  let dataKeys: Collection<DataKeyDocument>;
  const keys = masterKey("m1");
  let time = 0;

  beforeAll(async () => (database = await openDatabase(inject("mongodbUrl"), "keyring")));
  afterAll(() => database.close());
  let round = 0;
  beforeEach(() => {
    time = Date.UTC(2026, 10, 24);
    dataKeys = database.client.db(database.name).collection<DataKeyDocument>(`dataKeys${++round}`);
  });

  /** A keyring as another process would have it. */
  const open = (options: Partial<KeyringOptions> = {}) =>
    createKeyring({ dataKeys, provider: localKeyProvider(keys), now: () => time, ...options });

  /** A provider that can be switched off, as a KMS can be down, and that counts. */
  function remoteProvider(): KeyProvider & { down: boolean; unwraps: number } {
    const local = localKeyProvider(keys);
    const remote = {
      down: false,
      unwraps: 0,
      activeKeyId: local.activeKeyId,
      wrap: (dataKey: Uint8Array, aad: Uint8Array) => local.wrap(dataKey, aad),
      async unwrap(masterKeyId: string, wrapped: Uint8Array, aad: Uint8Array) {
        if (remote.down) throw new StoreError("unavailable", "the key service is down");
        remote.unwraps++;
        return local.unwrap(masterKeyId, wrapped, aad);
      },
    };
    return remote;
  }

  it("makes one key for each scope, which other processes open", async () => {
    const [mine, theirs] = [open(), open()];
    const key = await mine.scope("api/api_1");
    expect(key.id).toBe("api/api_1#1");
    expect((await mine.scope("group/grp_1")).id).toBe("group/grp_1#1");
    const sealed = key.seal(context, text);
    expect(Buffer.from((await theirs.forSealed(sealed)).open(context, sealed))).toEqual(text);
    expect((await theirs.scope("api/api_1")).id).toBe(key.id);
    expect(await dataKeys.countDocuments()).toBe(2);
  });

  it("stores no key in the clear", async () => {
    await open().scope("api/api_1");
    const document = await dataKeys.findOne({ _id: "api/api_1#1" });
    expect(document).toEqual({
      _id: "api/api_1#1",
      masterKeyId: "m1",
      wrapped: expect.anything() as unknown,
      seals: 0,
      createdAt: new Date(time),
    });
    // Version, IV, tag and 32 bytes of ciphertext.
    expect(document?.wrapped.length()).toBe(61);
  });

  it("lets 20 processes that need a new key at once agree on one", async () => {
    const rings = Array.from({ length: 20 }, () => open());
    const sealed = await Promise.all(rings.map(async (ring) => (await ring.scope("api/api_1")).seal(context, text)));
    expect(await dataKeys.countDocuments()).toBe(1);
    for (const [index, ring] of rings.entries()) {
      const value = sealed[(index + 1) % rings.length] ?? text;
      expect(Buffer.from((await ring.forSealed(value)).open(context, value))).toEqual(text);
    }
  });

  it("fails closed without the master key, with another one, and without the data key", async () => {
    const sealed = (await open().scope("api/api_1")).seal(context, text);
    await expect(open({ provider: localKeyProvider(masterKey("m2")) }).forSealed(sealed)).rejects.toThrow(
      coded("key_unknown"),
    );
    await expect(open({ provider: localKeyProvider(masterKey("m2")) }).scope("api/api_1")).rejects.toThrow(
      coded("key_unknown"),
    );
    await expect(open({ provider: localKeyProvider(masterKey("m1")) }).forSealed(sealed)).rejects.toThrow(
      coded("sealed_data_invalid"),
    );
    await dataKeys.deleteOne({ _id: "api/api_1#1" });
    await expect(open().forSealed(sealed)).rejects.toThrow(coded("key_unknown"));
    expect(await dataKeys.countDocuments()).toBe(0);
  });

  it("refuses a wrapped key that was put under another id", async () => {
    const ring = open();
    await ring.scope("api/api_1");
    await ring.scope("api/api_2");
    const other = await dataKeys.findOne({ _id: "api/api_2#1" });
    await dataKeys.updateOne({ _id: "api/api_1#1" }, { $set: { wrapped: other?.wrapped } } as object);
    await expect(open().scope("api/api_1")).rejects.toThrow(coded("sealed_data_invalid"));
  });

  it("unwraps once in five minutes", async () => {
    const provider = remoteProvider();
    const ring = open({ provider });
    const sealed = (await ring.scope("api/api_1")).seal(context, text);
    time += 4 * MINUTE;
    await Promise.all(Array.from({ length: 10 }, () => ring.forSealed(sealed)));
    expect(provider.unwraps).toBe(1);
    time += 2 * MINUTE;
    await Promise.all(Array.from({ length: 10 }, () => ring.scope("api/api_1")));
    expect(provider.unwraps).toBe(2);
  });

  it("bridges an outage of the key service for fifteen minutes and no longer", async () => {
    const provider = remoteProvider();
    const ring = open({ provider });
    const sealed = (await ring.scope("api/api_1")).seal(context, text);
    provider.down = true;
    time += 15 * MINUTE - 1;
    expect((await ring.scope("api/api_1")).id).toBe("api/api_1#1");
    expect(Buffer.from((await ring.forSealed(sealed)).open(context, sealed))).toEqual(text);
    time += 1;
    await expect(ring.scope("api/api_1")).rejects.toThrow(coded("unavailable"));
    await expect(ring.forSealed(sealed)).rejects.toThrow(coded("unavailable"));
    provider.down = false;
    expect((await ring.scope("api/api_1")).id).toBe("api/api_1#1");
  });

  it("takes the next generation before a key is used up, counted over all processes", async () => {
    const [mine, theirs] = [open({ maxSeals: 10 }), open({ maxSeals: 10 })];
    const first: Uint8Array[] = [];
    for (let i = 0; i < 6; i++) first.push((await mine.scope("api/api_1")).seal(context, text));
    await mine.flush();
    await mine.flush();
    for (let i = 0; i < 4; i++) expect((await theirs.scope("api/api_1")).seal(context, text)[0]).toBe(1);
    expect((await theirs.scope("api/api_1")).id).toBe("api/api_1#2");
    expect(await dataKeys.findOne({ _id: "api/api_1#1" })).toMatchObject({ seals: 10 });
    time += 6 * MINUTE;
    expect((await mine.scope("api/api_1")).id).toBe("api/api_1#2");
    for (const sealed of first) expect(Buffer.from((await mine.forSealed(sealed)).open(context, sealed))).toEqual(text);
  });

  it("destroys for good: here at once, elsewhere once it forgets, and at the next reading anyway", async () => {
    const [mine, theirs, slow] = [open({ maxSeals: 2 }), open(), open()];
    const sealed: Uint8Array[] = [];
    for (let i = 0; i < 4; i++) sealed.push((await mine.scope("api/api_1")).seal(context, text));
    for (const value of sealed) await Promise.all([theirs.forSealed(value), slow.forSealed(value)]);
    const kept = (await mine.scope("api/api_2")).seal(context, text);

    expect(await mine.destroy("api/api_1")).toBe(true);
    expect(await mine.destroy("api/api_1")).toBe(false);
    for (const value of sealed) await expect(mine.forSealed(value)).rejects.toThrow(coded("key_destroyed"));
    theirs.forget();
    for (const value of sealed) await expect(theirs.forSealed(value)).rejects.toThrow(coded("key_destroyed"));
    time += 6 * MINUTE;
    for (const value of sealed) await expect(slow.forSealed(value)).rejects.toThrow(coded("key_destroyed"));
    for (const generation of [1, 2]) {
      const document = await dataKeys.findOne({ _id: `api/api_1#${generation}` });
      expect(document?.wrapped.length()).toBe(0);
      expect(document?.masterKeyId).toBeUndefined();
      expect(document?.destroyedAt).toBeInstanceOf(Date);
    }
    expect(Buffer.from((await mine.forSealed(kept)).open(context, kept))).toEqual(text);
  });

  it("makes no new key for what was destroyed, whoever asks and whether there ever was one", async () => {
    const [mine, theirs] = [open(), open({ maxSeals: 1 })];
    (await theirs.scope("group/grp_1")).seal(context, text);
    await mine.destroy("group/grp_1");
    await mine.destroy("group/grp_never");
    // Its key is used up, so it asks for the next generation.
    await expect(theirs.scope("group/grp_1")).rejects.toThrow(coded("key_destroyed"));
    for (const scope of ["group/grp_1", "group/grp_never"] as const) {
      await expect(open().scope(scope)).rejects.toThrow(coded("key_destroyed"));
      expect(await dataKeys.countDocuments({ _id: { $regex: `^${scope}#` }, masterKeyId: { $exists: true } })).toBe(0);
    }
  });

  it("destroys every generation that others make meanwhile", async () => {
    // Each with the locks that the store takes on an engine whose updates are not atomic, as processes of their own
    // have them.
    const process = (options: Partial<KeyringOptions> = {}) =>
      open({ exclusive: createLocks(database.client.db(database.name).collection<LockDocument>("locks")), ...options });
    const mine = process();
    for (let round = 0; round < 10; round++) {
      const scope = `group/grp_race${round}` as const;
      const rings = Array.from({ length: 4 }, () => process({ maxSeals: 1 }));
      const busy = Promise.allSettled(
        rings.map(async (ring) => {
          for (let i = 0; i < 5; i++) (await ring.scope(scope)).seal(context, text);
        }),
      );
      await mine.destroy(scope);
      await busy;
      expect(await dataKeys.countDocuments({ _id: { $regex: `^${scope}#` }, masterKeyId: { $exists: true } })).toBe(0);
    }
  });

  it("does not keep a key in memory that was read before its destruction", async () => {
    const local = localKeyProvider(keys);
    let reached: () => void = () => undefined;
    let go: () => void = () => undefined;
    const unwrapping = new Promise<void>((resolve) => (reached = resolve));
    const gate = new Promise<void>((resolve) => (go = resolve));
    const sealed = (await open().scope("api/api_1")).seal(context, text);
    const slow = open({
      provider: {
        activeKeyId: local.activeKeyId,
        wrap: (...wrapped) => local.wrap(...wrapped),
        unwrap: async (...wrapped) => {
          reached();
          await gate;
          return local.unwrap(...wrapped);
        },
      },
    });
    const reading = slow.forSealed(sealed);
    await unwrapping;
    await open().destroy("api/api_1");
    slow.forget();
    go();
    await reading;
    await expect(slow.forSealed(sealed)).rejects.toThrow(coded("key_destroyed"));
  });

  it("lists the days whose key is there", async () => {
    const mine = open();
    for (const day of ["2026-11-25", "2026-11-24", "2026-11-26"]) await mine.scope(`temporal/${day}`);
    await mine.scope("api/api_1");
    await mine.destroy("temporal/2026-11-25");
    expect(await mine.livingDays()).toEqual(["2026-11-24", "2026-11-26"]);
  });

  it("refuses what nobody sealed", async () => {
    await expect(open().forSealed(Buffer.from("not sealed at all, but long enough to be"))).rejects.toThrow(
      coded("sealed_data_invalid"),
    );
    await expect(open().forSealed(new Uint8Array())).rejects.toThrow(coded("sealed_data_invalid"));
  });
});
