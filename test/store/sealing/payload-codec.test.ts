import type { Payload } from "@temporalio/common";
import proto from "@temporalio/proto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createKeyring, type Keyring } from "../../../src/store/sealing/keyring.js";
import { localKeyProvider } from "../../../src/store/sealing/master-keys.js";
import { createPayloadCodec } from "../../../src/store/sealing/payload-codec.js";
import { StoreError } from "../../../src/store/store-error.js";
import type { DataKeyDocument } from "../../../src/store/sealing/data-keys.js";
import { PROOF_METADATA, readProof, writeProof } from "../../../src/workflows/proof-of.js";
import { masterKey, openDatabase, type TestDatabase } from "../database.js";

const json = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from("json/plain") },
  data: Buffer.from(JSON.stringify(value)),
});
const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString("utf8");
const coded = (code: string) => expect.objectContaining({ name: "StoreError", code }) as Error;

describe("payload codec", () => {
  let database: TestDatabase;
  let keyring: Keyring;
  const provider = localKeyProvider(masterKey("m1"));
  const open = (collection = "dataKeys") =>
    createKeyring({ dataKeys: database.client.db(database.name).collection<DataKeyDocument>(collection), provider });

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "codec");
    keyring = open();
  });
  afterAll(() => database.close());

  it("seals data and metadata, and gives both back", async () => {
    const codec = createPayloadCodec(keyring, { now: () => Date.UTC(2026, 10, 24, 12) });
    const payloads: Payload[] = [
      json({ canary: "kingfisher" }),
      {
        metadata: { encoding: Buffer.from("json/plain"), messageType: Buffer.from("kingfisher") },
        data: Buffer.alloc(300_000, "x"),
      },
    ];
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
    expect(
      decoded.map(({ metadata, data }) => [text(metadata?.["messageType"]), text(metadata?.["encoding"]), text(data)]),
    ).toEqual(
      payloads.map(({ metadata, data }) => [text(metadata?.["messageType"]), text(metadata?.["encoding"]), text(data)]),
    );
  });

  it("takes a new key each day and still reads yesterday's", async () => {
    let time = Date.UTC(2026, 10, 24, 23, 59, 59);
    const codec = createPayloadCodec(keyring, { now: () => time });
    const before = await codec.encode([json(1)]);
    time += 2_000;
    const after = await codec.encode([json(2)]);
    expect([...before, ...after].map(({ metadata }) => text(metadata?.["encryption-key-id"]))).toEqual([
      "temporal/2026-11-24#1",
      "temporal/2026-11-25#1",
    ]);
    expect((await codec.decode([...before, ...after])).map(({ data }) => text(data))).toEqual(["1", "2"]);
    await keyring.destroy("temporal/2026-11-25");
    await expect(codec.decode(after)).rejects.toThrow(coded("key_destroyed"));
    expect(text((await codec.decode(before))[0]?.data)).toBe("1");
  });

  it("goes on with the newest key while the store is down, into the next day and not further", async () => {
    let time = Date.UTC(2026, 10, 26, 12);
    let down = false;
    const ring: Keyring = {
      ...keyring,
      scope: (scope) => (down ? Promise.reject(new StoreError("unavailable", "down")) : keyring.scope(scope)),
    };
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
    expect(await codec.decode([json({ deliveryIds: ["a.b"] }), nothing])).toEqual([
      json({ deliveryIds: ["a.b"] }),
      nothing,
    ]);
    expect(told).toBe(2);
    expect(await codec.decode([])).toEqual([]);
    expect(await codec.encode([])).toEqual([]);
  });

  it("refuses other encodings, changed bytes, unknown keys, and what was sealed for another place", async () => {
    // A day of its own: the test above destroys one for good.
    const codec = createPayloadCodec(keyring, { now: () => Date.UTC(2026, 11, 24) });
    const encrypted = (data: Uint8Array): Payload => ({
      metadata: { encoding: Buffer.from("binary/encrypted") },
      data,
    });
    await expect(
      codec.decode([{ metadata: { encoding: Buffer.from("binary/zlib") }, data: Buffer.from("x") }]),
    ).rejects.toThrow(/binary\/zlib/);
    await expect(codec.decode([{ data: Buffer.from("x") }])).rejects.toThrow(coded("sealed_data_invalid"));
    await expect(codec.decode([encrypted(new Uint8Array())])).rejects.toThrow(coded("sealed_data_invalid"));
    const [sealed] = await codec.encode([json("secret")]);
    const changed = Buffer.from(sealed?.data ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(codec.decode([encrypted(changed)])).rejects.toThrow(coded("sealed_data_invalid"));
    const elsewhere = (await open("otherKeys").scope("temporal/2020-01-01")).seal(
      { collection: "temporal", id: "payload", field: "data", owner: "temporal/2020-01-01#1" },
      Buffer.from("x"),
    );
    await expect(codec.decode([encrypted(elsewhere)])).rejects.toThrow(coded("key_unknown"));
    const event = (await keyring.scope("api/api_1")).seal(
      { collection: "events", id: "evt_1", field: "payload", owner: "api/api_1" },
      Buffer.from("x"),
    );
    await expect(codec.decode([encrypted(event)])).rejects.toThrow(coded("sealed_data_invalid"));
  });

  describe("the proof in an envelope", () => {
    const now = () => Date.UTC(2027, 0, 10, 12);
    const workflow = (workflowId: string) => ({ type: "workflow", namespace: "default", workflowId }) as const;
    const activity = (workflowId: string) =>
      ({ type: "activity", namespace: "default", workflowId, isLocal: true }) as const;
    const proofsOf = (payloads: Payload[]) =>
      payloads.map(({ metadata }) => (metadata?.[PROOF_METADATA] ? readProof(metadata[PROOF_METADATA]) : undefined));
    /** The form of the release before, sealed under the key of a day. */
    const older = async (day: string, value: unknown, metadata = {}): Promise<Payload> => {
      const key = await keyring.scope(`temporal/${day}`);
      const bytes = proto.temporal.api.common.v1.Payload.encode({
        ...json(value),
        metadata: { ...json(value).metadata, ...metadata },
      }).finish();
      return {
        metadata: { encoding: Buffer.from("binary/encrypted") },
        data: key.seal({ collection: "temporal", id: "payload", field: "data", owner: key.id }, bytes),
      };
    };

    it("says internal only to the workflow that it was sealed for, and nothing to whom no use is known", async () => {
      const codec = createPayloadCodec(keyring, { now });
      const payloads = await codec.encode([json({ a: 1 })], workflow("evt_1"));
      expect(proofsOf(await codec.decode(payloads, workflow("evt_1")))).toEqual([{ purpose: "internal" }]);
      expect(proofsOf(await codec.decode(payloads, workflow("evt_2")))).toEqual([{ purpose: "none", before: 0 }]);
      expect(await codec.decode(payloads)).toEqual([
        { metadata: { encoding: expect.anything() as unknown }, data: json({ a: 1 }).data },
      ]);
      expect(proofsOf(await codec.decode(await codec.encode([json(1)]), workflow("evt_1")))).toEqual([
        { purpose: "none", before: 0 },
      ]);
    });

    it("names the key with its apis, or the person, and takes away what the payload claims", async () => {
      const codec = createPayloadCodec(keyring, { now });
      const forged = {
        ...json({ a: 1 }),
        metadata: {
          ...json(1).metadata,
          "sealpost-packed": Buffer.from("1"),
          [PROOF_METADATA]: writeProof({ purpose: "internal" }),
        },
      };
      for (const as of [
        { purpose: "publisher", keyId: "key_1", apis: ["api_1"] },
        { purpose: "publisher", keyId: "key_1" },
        { purpose: "operator", actor: "person:é" },
      ] as const) {
        const [opened] = await codec.decode(await codec.encodeAs(as, [forged]), workflow("evt_1"));
        expect(proofsOf(opened ? [opened] : [])).toEqual([as]);
        expect(Object.keys(opened?.metadata ?? {}).sort()).toEqual(["encoding", PROOF_METADATA]);
      }
      const [plainOne] = await codec.decode([forged], workflow("evt_1"));
      expect(proofsOf(plainOne ? [plainOne] : [])).toEqual([{ purpose: "none", before: 0 }]);
      expect(Object.keys(plainOne?.metadata ?? {}).sort()).toEqual(["encoding", PROOF_METADATA]);
    });

    it("lets activities take and give only what was made for them here", async () => {
      let told = 0;
      const codec = createPayloadCodec(keyring, { now, onUnproven: () => told++ });
      const internal = await codec.encode([json(1)], activity("evt_1"));
      expect((await codec.decode(internal, activity("evt_1"))).map(({ data }) => text(data))).toEqual(["1"]);
      const operator = await codec.encodeAs({ purpose: "operator", actor: "key:1" }, [json(1)]);
      const wrong = [
        [json(1)],
        operator,
        await codec.encode([json(1)], workflow("evt_1")),
        await codec.encode([json(1)], activity("evt_2")),
      ];
      for (const payloads of wrong)
        await expect(codec.decode(payloads, activity("evt_1"))).rejects.toThrow(coded("unproven"));
      expect(told).toBe(wrong.length);
    });

    it("hands what was tampered with to a workflow as unreadable, and to nobody else", async () => {
      const codec = createPayloadCodec(keyring, { now });
      const [sealed] = await codec.encode([json(1)], workflow("evt_1"));
      const data = Buffer.from(sealed?.data ?? []);
      data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
      expect(proofsOf(await codec.decode([{ ...sealed, data }], workflow("evt_1")))).toEqual([
        { purpose: "none", before: 0 },
      ]);
      await expect(codec.decode([{ ...sealed, data }], activity("evt_1"))).rejects.toThrow(
        coded("sealed_data_invalid"),
      );
      await expect(codec.decode([{ ...sealed, data }])).rejects.toThrow(coded("sealed_data_invalid"));
    });

    it("counts the older form up to the day of the cut-off and not later", async () => {
      const codec = createPayloadCodec(keyring, { now, legacyUntil: "2027-01-10" });
      const packed = { "sealpost-packed": Buffer.from("1"), [PROOF_METADATA]: writeProof({ purpose: "internal" }) };
      const [before, after] = [
        await older("2027-01-10", { a: 1 }, packed),
        await older("2027-01-11", { a: 1 }, packed),
      ];
      const opened = await codec.decode([before, after], workflow("evt_1"));
      expect(proofsOf(opened)).toEqual([{ purpose: "legacy" }, { purpose: "none", before: Date.UTC(2027, 0, 11) }]);
      expect(opened.map(({ metadata }) => metadata?.["sealpost-packed"] !== undefined)).toEqual([true, false]);
      expect(opened.map(({ data }) => text(data))).toEqual(['{"a":1}', '{"a":1}']);
      await codec.decode([before], activity("evt_1"));
      await expect(codec.decode([after], activity("evt_1"))).rejects.toThrow(coded("unproven"));
      // Without a cut-off nothing of the older form counts.
      expect(proofsOf(await createPayloadCodec(keyring, { now }).decode([before], workflow("evt_1")))).toEqual([
        { purpose: "none", before: 0 },
      ]);
    });
  });
});
