/** A million seals are looked at in sealing.test.ts. These few are enough to see a pool of IVs that is not refilled. */
import { createSecretKey, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { createDataKey, wrapKey } from "../../../src/store/sealing/sealing.js";

const key = createDataKey("k", randomBytes(32));
const context = { collection: "events", id: "evt_1", field: "payload", owner: "group/grp_1" };
const empty = Buffer.alloc(0);

it("takes each IV from the pool once, and fills the pool with new ones when it is used up", () => {
  const ivs = Array.from({ length: 5_000 }, () => Buffer.from(key.seal(context, empty)).subarray(3, 15));
  const texts = new Set(ivs.map((iv) => iv.toString("hex")));
  expect(texts.size).toBe(ivs.length);
  // No part of an IV is known before: of 5,000 random bytes some begin with a bit, some do not, at each place.
  for (let at = 0; at < 12; at++) expect(new Set(ivs.map((iv) => iv[at])).size).toBeGreaterThan(200);
  // Two IVs that follow each other share no bytes: none lies within the one before.
  for (const [index, iv] of ivs.entries()) {
    const before = ivs[index - 1];
    if (before) expect(before.subarray(1).equals(iv.subarray(0, 11)) || before.subarray(11).equals(iv)).toBe(false);
  }
});

it("wraps a data key under a new IV each time", () => {
  const master = createSecretKey(randomBytes(32));
  const wrapped = Array.from({ length: 2_000 }, () => Buffer.from(wrapKey(master, empty, randomBytes(32))));
  expect(wrapped.every((each) => each[0] === 1 && each.length === 1 + 12 + 16 + 32)).toBe(true);
  expect(new Set(wrapped.map((each) => each.subarray(1, 13).toString("hex"))).size).toBe(wrapped.length);
});
