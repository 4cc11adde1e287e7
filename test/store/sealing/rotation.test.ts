import type { Collection } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { DataKeyDocument } from "../../../src/store/sealing/data-keys.js";
import type { SealContext } from "../../../src/store/sealing/data-key.js";
import { createKeyring } from "../../../src/store/sealing/keyring.js";
import { localKeyProvider, type KeyProvider } from "../../../src/store/sealing/master-keys.js";
import { rotateMasterKey } from "../../../src/store/sealing/rotation.js";
import { StoreError } from "../../../src/store/store-error.js";
import { masterKey, openDatabase, type TestDatabase } from "../database.js";
import { coded } from "../fixtures.js";

const context: SealContext = { collection: "events", id: "evt_1", field: "payload", owner: "api" };

describe("rotateMasterKey", () => {
  let database: TestDatabase;
  let dataKeys: Collection<DataKeyDocument>;
  let sealed: Uint8Array[];
  const [older, newer] = [masterKey("old"), masterKey("new")];
  const both = localKeyProvider(`${newer},${older}`);
  let round = 0;

  beforeAll(async () => (database = await openDatabase(inject("mongodbUrl"), "rotation")));
  afterAll(() => database.close());
  beforeEach(async () => {
    dataKeys = database.client.db(database.name).collection<DataKeyDocument>(`dataKeys${++round}`);
    const ring = createKeyring({ dataKeys, provider: localKeyProvider(older) });
    sealed = [];
    for (let i = 0; i < 10; i++) sealed.push((await ring.scope(`api/${i}`)).seal(context, Buffer.from(`payload ${i}`)));
  });

  const under = async () =>
    Object.fromEntries((await dataKeys.find().toArray()).map(({ _id, masterKeyId }) => [_id, masterKeyId]));
  const count = async (masterKeyId: string) => Object.values(await under()).filter((id) => id === masterKeyId).length;
  async function expectReadable(provider: KeyProvider, values = sealed): Promise<void> {
    const ring = createKeyring({ dataKeys, provider });
    for (const value of values)
      expect(Buffer.from((await ring.forSealed(value)).open(context, value)).toString()).toMatch(/^payload \d/);
  }

  it("wraps every data key anew without touching what they sealed; again it does nothing", async () => {
    const told: number[] = [];
    expect(await rotateMasterKey({ dataKeys, provider: both, progress: (_done, left) => told.push(left) })).toEqual({
      rewrapped: 10,
      failed: [],
    });
    expect(told).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    await expectReadable(localKeyProvider(newer));
    const before = await dataKeys.find().toArray();
    expect(await rotateMasterKey({ dataKeys, provider: both })).toEqual({ rewrapped: 0, failed: [] });
    expect(await dataKeys.find().toArray()).toEqual(before);
  });

  it("is resumed where it was interrupted", async () => {
    let wraps = 0;
    const failing: KeyProvider = {
      ...both,
      wrap: (key, aad) =>
        ++wraps > 4 ? Promise.reject(new StoreError("unavailable", "the key service went away")) : both.wrap(key, aad),
    };
    await expect(rotateMasterKey({ dataKeys, provider: failing })).rejects.toThrow(coded("unavailable"));
    expect(await count("new")).toBe(4);
    await expectReadable(both);
    expect(await rotateMasterKey({ dataKeys, provider: both })).toEqual({ rewrapped: 6, failed: [] });
    await expectReadable(localKeyProvider(newer));
  });

  it("does not lose what happens meanwhile: keys made, keys destroyed, another rotation", async () => {
    const busy = createKeyring({ dataKeys, provider: localKeyProvider(`${older},${newer}`) });
    const made: Uint8Array[] = [];
    let calls = 0;
    const interrupting: KeyProvider = {
      ...both,
      async wrap(key, aad) {
        const wrapped = await both.wrap(key, aad);
        // Between the reading of a data key and its writing back.
        if (++calls === 1) await busy.destroy("api/0");
        if (calls === 2) made.push((await busy.scope("api/made")).seal(context, Buffer.from("payload 99")));
        if (calls === 3) await rotateMasterKey({ dataKeys, provider: both });
        return wrapped;
      },
    };
    await rotateMasterKey({ dataKeys, provider: interrupting });
    expect(await count("new")).toBe(10);
    expect((await under())["api/0#1"]).toBeUndefined();
    const ring = createKeyring({ dataKeys, provider: localKeyProvider(newer) });
    await expect(ring.forSealed(sealed[0] ?? new Uint8Array())).rejects.toThrow(coded("key_destroyed"));
    await expectReadable(localKeyProvider(newer), [...sealed.slice(1), ...made]);
  });

  it("names the data keys whose master key is missing and does the others", async () => {
    const ring = createKeyring({ dataKeys, provider: localKeyProvider(masterKey("lost")) });
    await ring.scope("api/lost");
    expect(await rotateMasterKey({ dataKeys, provider: both })).toEqual({ rewrapped: 10, failed: ["api/lost#1"] });
    expect((await under())["api/lost#1"]).toBe("lost");
  });
});
