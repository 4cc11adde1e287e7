import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SealContext } from "../../../src/store/sealing/data-key.js";
import { createDataKey, sealedKeyId, unwrapKey, wrapKey } from "../../../src/store/sealing/sealing.js";

const KEY_ID = "group/grp_1#1";
const context: SealContext = { collection: "deliveries", id: "evt_1.sub_1", field: "attempts.1", owner: "group/grp_1" };
const plaintext = Buffer.from("the payload, ünïcode and all");
const invalid = expect.objectContaining({ name: "StoreError", code: "sealed_data_invalid" }) as Error;

/** Offsets within the frame: version, length, key id, IV, tag, ciphertext. */
const IV_AT = 2 + KEY_ID.length;
const TAG_AT = IV_AT + 12;
const BODY_AT = TAG_AT + 16;

function flipped(sealed: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(sealed);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("sealing", () => {
  const material = randomBytes(32);
  const key = createDataKey(KEY_ID, material);

  it("opens what it sealed, empty and large values too", () => {
    for (const value of [plaintext, Buffer.alloc(0), randomBytes(200_000)]) {
      const sealed = key.seal(context, value);
      expect(Buffer.from(key.open(context, sealed)).equals(value)).toBe(true);
      expect(sealed.length).toBe(BODY_AT + value.length);
    }
  });

  it("lays the frame down as version, key id, IV, tag, ciphertext of AES-256-GCM", () => {
    const sealed = Buffer.from(key.seal(context, plaintext));
    expect(sealed[0]).toBe(1);
    expect(sealedKeyId(sealed)).toBe(KEY_ID);
    const aad = "1|10:deliveries|11:evt_1.sub_1|10:attempts.1|13:group/grp_1#1|11:group/grp_1";
    const cipher = createCipheriv("aes-256-gcm", material, sealed.subarray(IV_AT, TAG_AT), { authTagLength: 16 });
    cipher.setAAD(Buffer.from(aad));
    expect(Buffer.concat([cipher.update(plaintext), cipher.final()]).equals(sealed.subarray(BODY_AT))).toBe(true);
    expect(cipher.getAuthTag().equals(sealed.subarray(TAG_AT, BODY_AT))).toBe(true);
  });

  it("refuses a change of any byte", () => {
    const sealed = key.seal(context, plaintext);
    for (let at = 0; at < sealed.length; at++)
      expect(() => key.open(context, flipped(sealed, at)), `byte ${at}`).toThrow(invalid);
  });

  it("refuses every cut, a truncated tag included", () => {
    const sealed = Buffer.from(key.seal(context, plaintext));
    for (let length = 0; length < sealed.length; length++)
      expect(() => key.open(context, sealed.subarray(0, length)), `${length} bytes`).toThrow(invalid);
    // Node itself accepts this 4-byte tag when authTagLength is not given.
    const shortTag = Buffer.concat([sealed.subarray(0, TAG_AT + 4), sealed.subarray(BODY_AT)]);
    expect(() => key.open(context, shortTag)).toThrow(invalid);
  });

  it.each(["collection", "id", "field", "owner"] as const)("refuses a ciphertext moved to another %s", (part) => {
    const sealed = key.seal(context, plaintext);
    expect(() => key.open({ ...context, [part]: `${context[part]}x` }, sealed)).toThrow(invalid);
  });

  it("tells contexts apart whose parts run together alike", () => {
    const sealed = key.seal({ ...context, id: "a|1:b", field: "c" }, plaintext);
    expect(() => key.open({ ...context, id: "a", field: "b|1:c" }, sealed)).toThrow(invalid);
    const joined = key.seal({ ...context, collection: "events", id: "1" }, plaintext);
    expect(() => key.open({ ...context, collection: "event", id: "s1" }, joined)).toThrow(invalid);
  });

  it("refuses another key, under the same id or another one", () => {
    const sealed = key.seal(context, plaintext);
    expect(() => createDataKey(KEY_ID, randomBytes(32)).open(context, sealed)).toThrow(invalid);
    expect(() => createDataKey("group/grp_2#1", material).open(context, sealed)).toThrow(invalid);
  });

  it("names the version that it cannot read and refuses cut frames", () => {
    const sealed = key.seal(context, plaintext);
    const newer = Buffer.from(sealed);
    newer[0] = 2;
    expect(() => sealedKeyId(newer)).toThrow(/version 2/);
    expect(() => sealedKeyId(newer)).toThrow(invalid);
    for (const cut of [Buffer.alloc(0), sealed.subarray(0, 1), sealed.subarray(0, BODY_AT - 1)])
      expect(() => sealedKeyId(cut)).toThrow(invalid);
  });

  it("reads a frame of another version and one without a single byte, and says what to do", () => {
    const does = "Upgrade Sealpost, or restore the data from a backup.";
    const message = (version: string) => `Sealed data has version ${version}; this release reads version 1. ${does}`;
    expect(() => sealedKeyId(Buffer.of(7, 1))).toThrow(message("7"));
    expect(() => sealedKeyId(Buffer.alloc(0))).toThrow(message("none"));
  });

  it("reads the key of the shortest frame, wherever it lies in its buffer", () => {
    const shortest = createDataKey("k", material).seal(context, Buffer.alloc(0));
    expect(sealedKeyId(shortest)).toBe("k");
    const within = Buffer.concat([Buffer.from("before"), shortest, Buffer.from("after")]).subarray(6, -5);
    expect(sealedKeyId(within)).toBe("k");
    const cut = "Sealed data is cut short. Restore it from a backup.";
    expect(() => sealedKeyId(shortest.subarray(0, -1))).toThrow(cut);
    // Without an id nothing tells which key it was.
    expect(() => sealedKeyId(Buffer.concat([Buffer.of(1, 0), Buffer.alloc(100)]))).toThrow(cut);
  });

  it("tells what cannot be opened, and why", () => {
    const sealed = key.seal(context, plaintext);
    const place = "deliveries/evt_1.sub_1 field attempts.1 cannot be opened: ";
    const does = ". Restore it from a backup.";
    const changed = `${place}it was changed, cut or moved from another place${does}`;
    expect(() => key.open(context, flipped(sealed, BODY_AT))).toThrow(changed);
    expect(() => key.open(context, sealed.subarray(0, IV_AT))).toThrow(changed);
    const other = `${place}it was not sealed by data key group/grp_2#1${does}`;
    for (const each of [sealed, sealed.subarray(0, IV_AT - 1), Buffer.alloc(0)])
      expect(() => createDataKey("group/grp_2#1", material).open(context, each)).toThrow(other);
  });

  it("says nothing of the plaintext in an error", () => {
    const sealed = flipped(key.seal(context, plaintext), BODY_AT);
    expect(() => key.open(context, sealed)).toThrow(/^(?!.*payload).*$/s);
  });

  it("refuses key material of another size and key ids that do not fit", () => {
    expect(() => createDataKey(KEY_ID, randomBytes(16))).toThrow(invalid);
    expect(() => createDataKey("", material)).toThrow(invalid);
    expect(() => createDataKey("x".repeat(256), material)).toThrow(invalid);
    expect(() => createDataKey(KEY_ID, randomBytes(16))).toThrow(`Data key ${KEY_ID} is not of 32 bytes.`);
    expect(() => createDataKey("x".repeat(256), material)).toThrow(
      `A data key id has 1 to 255 bytes; "${"x".repeat(40)}…" has 256.`,
    );
    const longest = createDataKey("x".repeat(255), material);
    expect(Buffer.from(longest.open(context, longest.seal(context, plaintext))).equals(plaintext)).toBe(true);
  });

  it("never repeats an IV in a million seals", { timeout: 300_000 }, async () => {
    // Of 12 random bytes the first 8 are the same twice in a million once in 40 million runs.
    const begins = new BigUint64Array(1_000_000);
    const empty = Buffer.alloc(0);
    for (let i = 0; i < begins.length; i++) {
      const { buffer, byteOffset, byteLength } = key.seal(context, empty);
      begins[i] = Buffer.from(buffer, byteOffset, byteLength).readBigUInt64LE(IV_AT);
      // The test runner hears from this process meanwhile.
      if (i % 10_000 === 0) await setImmediate();
    }
    begins.sort();
    expect(begins.findIndex((each, i) => i > 0 && each === begins[i - 1])).toBe(-1);
  });

  it("counts every seal", () => {
    let seals = 0;
    const counted = createDataKey(KEY_ID, material, () => seals++);
    for (let i = 0; i < 7; i++) counted.seal(context, plaintext);
    expect(seals).toBe(7);
  });
});

describe("wrapping a data key", () => {
  const master = createSecretKey(randomBytes(32));
  const dataKey = randomBytes(32);
  const aad = Buffer.from("data key 1");

  it("unwraps under the same master key and binding only", () => {
    const wrapped = wrapKey(master, aad, dataKey);
    expect(Buffer.from(unwrapKey(master, aad, wrapped) ?? []).equals(dataKey)).toBe(true);
    expect(unwrapKey(createSecretKey(randomBytes(32)), aad, wrapped)).toBeUndefined();
    expect(unwrapKey(master, Buffer.from("data key 2"), wrapped)).toBeUndefined();
    for (let at = 0; at < wrapped.length; at++)
      expect(unwrapKey(master, aad, flipped(wrapped, at)), `byte ${at}`).toBeUndefined();
    for (let length = 0; length < wrapped.length; length++)
      expect(unwrapKey(master, aad, wrapped.subarray(0, length))).toBeUndefined();
  });

  it("unwraps nothing but a key of 32 bytes", () => {
    for (const bytes of [0, 16, 31, 33])
      expect(unwrapKey(master, aad, wrapKey(master, aad, randomBytes(bytes)))).toBe(undefined);
  });
});
