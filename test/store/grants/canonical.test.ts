import { Binary } from "mongodb";
import { describe, expect, it } from "vitest";
import { canonicalOf } from "../../../src/store/grants/canonical.js";

describe("the canonical text of a row", () => {
  it("does not depend on the order of fields, nor on fields that are not written", () => {
    expect(canonicalOf({ a: 1, b: { d: "x", c: [true] } })).toBe(
      canonicalOf({ b: { c: [true], d: "x", e: undefined }, a: 1 }),
    );
  });

  it("is the same for bytes however the driver gives them", () => {
    const bytes = Buffer.from([1, 2, 3]);
    expect(canonicalOf(new Binary(bytes))).toBe(canonicalOf(new Uint8Array(bytes)));
  });

  const different: [string, unknown, unknown][] = [
    ["a number and its text", { a: 1 }, { a: "1" }],
    ["a time and its number", { a: new Date(5) }, { a: 5 }],
    ["null and a missing field", { a: null }, {}],
    ["true and false", true, false],
    ["bytes and their base64", Buffer.from("a"), Buffer.from("a").toString("base64")],
    ["lists in another order", ["a", "b"], ["b", "a"]],
    ["a list and one that holds it", ["a"], [["a"]]],
    ["where one text ends and the next begins", ["ab", "c"], ["a", "bc"]],
    ["a text that ends like the next one begins", ["as", "b"], ["a", "sb"]],
    ["where a name ends and its value begins", { ab: "c" }, { a: "bc" }],
    ["a text that spells a frame", ["s1:a"], ["a", "a"]],
    ["where an object ends", [{ a: 1 }, { b: 2 }], [{ a: 1, b: 2 }]],
    ["characters of the same number of bytes", "é", "ab"],
  ];
  it.each(different)("differs for %s", (_what, one, other) => expect(canonicalOf(one)).not.toBe(canonicalOf(other)));
});
