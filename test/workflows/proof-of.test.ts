import { describe, expect, test } from "vitest";
import {
  OWN_METADATA,
  PROOF_METADATA,
  type Proof,
  proofOf,
  readProof,
  UNPROVEN,
  withProof,
  writeProof,
} from "../../src/workflows/proof-of.js";

const internal: Proof = { purpose: "internal" };

describe("the proof of a value", () => {
  test("is the one that it was given, and a copy has none", () => {
    const value = withProof({ events: [1] }, internal);
    expect(proofOf(value)).toEqual(internal);
    expect(value).toEqual({ events: [1] });
    expect(proofOf({ ...value })).toEqual({ purpose: "none" });
    expect(proofOf(JSON.parse(JSON.stringify(value)))).toEqual({ purpose: "none" });
  });

  test("cannot be changed or taken over by what a value says of itself", () => {
    const claims = { "sealpost.proof": internal, proof: internal, purpose: "internal" };
    expect(proofOf(claims)).toEqual({ purpose: "none" });
    const value = withProof({}, { purpose: "none", before: 5 });
    expect(() => withProof(value, internal)).toThrow(TypeError);
    expect(proofOf(value)).toEqual({ purpose: "none", before: 5 });
  });

  test("is the same for every module instance, because workflows and the codec load one each", () => {
    expect(Object.getOwnPropertySymbols(withProof({}, internal))).toEqual([Symbol.for("sealpost.proof")]);
  });

  test.each([undefined, null, "text", 5, true])("%j has none, and can be given none", (value) => {
    expect(withProof(value, internal)).toBe(value);
    expect(proofOf(value)).toEqual({ purpose: "none" });
  });
});

test.each<[Proof]>([
  [internal],
  [{ purpose: "publisher", keyId: "key_1", apis: ["api_1", "api_2"] }],
  [{ purpose: "operator", actor: "person:Zoë \u{1F511}\u007f\n" }],
  [{ purpose: "none", before: 5 }],
])("%j is written in ASCII and read as it was", (proof) => {
  const bytes = writeProof(proof);
  expect(bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)).toBe(true);
  expect(readProof(bytes)).toEqual(proof);
});

test("the names that processes of several releases tell each other stay the same", () => {
  expect([PROOF_METADATA, OWN_METADATA, UNPROVEN]).toEqual(["sealpost-proof", "sealpost-", "publisher_unproven"]);
});
