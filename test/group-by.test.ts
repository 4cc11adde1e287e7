import { expect, it } from "vitest";
import { groupBy } from "../src/group-by.js";

it("keeps the order of keys, and of the items of each", () => {
  expect([...groupBy(["b1", "a1", "b2", "c1", "a2"], ([key]) => key)]).toEqual([
    ["b", ["b1", "b2"]],
    ["a", ["a1", "a2"]],
    ["c", ["c1"]],
  ]);
  expect([...groupBy([], String)]).toEqual([]);
});
