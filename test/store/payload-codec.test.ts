import type { Payload } from "@temporalio/common";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createKeyring, type Keyring } from "../../src/store/keyring.js";
import { localKeyProvider } from "../../src/store/master-keys.js";
import { createPayloadCodec } from "../../src/store/payload-codec.js";
import { StoreError } from "../../src/store/store.js";
import type { DataKeyDocument } from "../../src/store/data-keys.js";
import { masterKey, openDatabase, type TestDatabase } from "./database.js";

const json = (value: unknown): Payload => ({ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from(JSON.stringify(value)) });
const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString("utf8");
const coded = (code: string) => expect.objectContaining({ name: "StoreError", code }) as Error;

describe("payload codec", () => {
  let database: TestDatabase;
  let keyring: Keyring;
  const provider = localKeyProvider(masterKey("m1"));
  const open = (collection = "dataKeys") => createKeyring({ dataKeys: database.client.db(database.name).collection<DataKeyDocument>(collection), provider });

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "codec");
    keyring = open();
  });
  afterAll(() => database.close());

  it("seals data and metadata, and gives both back", async () => {
    const codec = createPayloadCodec(keyring, { now: () => Date.UTC(2026, 10, 24, 12) });
    const payloads: Payload[] = [json({ canary: "kingfisher" }), { metadata: { encoding: Buffer.from("json/plain"), messageType: Buffer.from("kingfisher") }, data: Buffer.alloc(300_000, "x") }];
    const encoded = await codec.encode(payloads);
    expect(encoded).toHaveLength(2);
    for (const payload of encoded) {
      expect(text(payload.metadata?.["encoding"])).toBe("binary/encrypted");
      expect(text(payload.metadata?.["encryption-key-id"])).toBe("temporal/2026-11-24#1");
      expect(Object.keys(payload.metadata ?? {})).toHaveLength(2);
      expect(text(payload.data)).not.toContain("kingfisher");
      expect(text(payload.data)).not.toContain("json/plain");
    }
    const decoded = await createPayloadCodec(open()).decode(encoded);
    expect(decoded.map(({ metadata, data }) => [text(metadata?.["messageType"]), text(metadata?.["encoding"]), text(data)])).toEqual(
      payloads.map(({ metadata, data }) => [text(metadata?.["messageType"]), text(metadata?.["encoding"]), text(data)]),
    );
  });

  it("takes a new key each day and still reads yesterday's", async () => {
    let time = Date.UTC(2026, 10, 24, 23, 59, 59);
    const codec = createPayloadCodec(keyring, { now: () => time });
    const before = await codec.encode([json(1)]);
    time += 2_000;
    const after = await codec.encode([json(2)]);
    expect([...before, ...after].map(({ metadata }) => text(metadata?.["encryption-key-id"]))).toEqual(["temporal/2026-11-24#1", "temporal/2026-11-25#1"]);
    expect((await codec.decode([...before, ...after])).map(({ data }) => text(data))).toEqual(["1", "2"]);
    await keyring.destroy("temporal/2026-11-25");
    await expect(codec.decode(after)).rejects.toThrow(coded("key_destroyed"));
    expect(text((await codec.decode(before))[0]?.data)).toBe("1");
  });

  it("goes on with the newest key while the store is down, into the next day and not further", async () => {
    let time = Date.UTC(2026, 10, 26, 12);
    let down = false;
    const ring: Keyring = { ...keyring, scope: (scope) => (down ? Promise.reject(new StoreError("unavailable", "down")) : keyring.scope(scope)) };
    const codec = createPayloadCodec(ring, { now: () => time });
    await codec.encode([json(1)]);
    down = true;
    time += 24 * 3_600_000;
    const bridged = await codec.encode([json(2)]);
    expect(text(bridged[0]?.metadata?.["encryption-key-id"])).toBe("temporal/2026-11-26#1");
    expect(text((await codec.decode(bridged))[0]?.data)).toBe("2");
    time += 24 * 3_600_000;
    await expect(codec.encode([json(3)])).rejects.toThrow(coded("unavailable"));
    down = false;
    expect(text((await codec.encode([json(4)]))[0]?.metadata?.["encryption-key-id"])).toBe("temporal/2026-11-28#1");
  });

  it("lets plain payloads pass, which operators send by hand, and tells of them", async () => {
    let told = 0;
    const codec = createPayloadCodec(keyring, { onPlain: () => told++ });
    const nothing: Payload = { metadata: { encoding: Buffer.from("binary/null") } };
    expect(await codec.decode([json({ deliveryIds: ["a.b"] }), nothing])).toEqual([json({ deliveryIds: ["a.b"] }), nothing]);
    expect(told).toBe(2);
    expect(await codec.decode([])).toEqual([]);
    expect(await codec.encode([])).toEqual([]);
  });

  it("refuses other encodings, changed bytes, unknown keys, and what was sealed for another place", async () => {
    // A day of its own: the test above destroys one for good.
    const codec = createPayloadCodec(keyring, { now: () => Date.UTC(2026, 11, 24) });
    const encrypted = (data: Uint8Array): Payload => ({ metadata: { encoding: Buffer.from("binary/encrypted") }, data });
    await expect(codec.decode([{ metadata: { encoding: Buffer.from("binary/zlib") }, data: Buffer.from("x") }])).rejects.toThrow(/binary\/zlib/);
    await expect(codec.decode([{ data: Buffer.from("x") }])).rejects.toThrow(coded("sealed_data_invalid"));
    await expect(codec.decode([encrypted(new Uint8Array())])).rejects.toThrow(coded("sealed_data_invalid"));
    const [sealed] = await codec.encode([json("secret")]);
    const changed = Buffer.from(sealed?.data ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(codec.decode([encrypted(changed)])).rejects.toThrow(coded("sealed_data_invalid"));
    const elsewhere = (await open("otherKeys").scope("temporal/2020-01-01")).seal({ collection: "temporal", id: "payload", field: "data", owner: "temporal/2020-01-01#1" }, Buffer.from("x"));
    await expect(codec.decode([encrypted(elsewhere)])).rejects.toThrow(coded("key_unknown"));
    const event = (await keyring.scope("api/api_1")).seal({ collection: "events", id: "evt_1", field: "payload", owner: "api/api_1" }, Buffer.from("x"));
    await expect(codec.decode([encrypted(event)])).rejects.toThrow(coded("sealed_data_invalid"));
  });
});
