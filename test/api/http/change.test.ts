import { expect, it } from "vitest";
import { applyChange, exact } from "../../../src/api/http/change.js";

interface Item {
  name: string;
  note?: string;
  tags?: string[];
}

it.each<[string, Parameters<typeof applyChange<Item>>[1], Item]>([
  ["an absent member leaves the field", {}, { name: "a", note: "n", tags: ["x", "y"] }],
  ["an undefined member leaves the field", { note: undefined }, { name: "a", note: "n", tags: ["x", "y"] }],
  ["null removes the field", { note: null }, { name: "a", tags: ["x", "y"] }],
  ["a list is replaced as a whole", { tags: ["z"] }, { name: "a", note: "n", tags: ["z"] }],
  ["an empty text is a value", { note: "" }, { name: "a", note: "", tags: ["x", "y"] }],
])("%s", (_what, change, after) => {
  const before: Item = { name: "a", note: "n", tags: ["x", "y"] };
  expect(applyChange(before, change)).toEqual(after);
  expect(before).toEqual({ name: "a", note: "n", tags: ["x", "y"] });
});

it("members that are undefined are left out at the top level, and no other value is", () => {
  const given = { a: undefined, b: null, c: 0, d: "", e: false };
  expect(Object.keys(exact(given))).toEqual(["b", "c", "d", "e"]);
});
