import { expect, test } from "vitest";
import { placeOf, samplesOf } from "../../../../web/src/screens/subscription-new/filter-samples.js";

test("each chosen type is tried first once, then again, and not without end", () => {
  const types = [
    { name: "a.a", examples: [1, 2, 3, 4, 5, 6, 7] },
    { name: "a.b", examples: ["x", "y"] },
    { name: "a.c" },
    { name: "other", examples: [0] },
  ];
  const samples = samplesOf(types, ["a.a", "a.b", "a.c"]);
  expect(samples.slice(0, 4)).toEqual([
    { type: "a.a", number: 1, data: 1 },
    { type: "a.b", number: 1, data: "x" },
    { type: "a.a", number: 2, data: 2 },
    { type: "a.b", number: 2, data: "y" },
  ]);
  expect(samples).toHaveLength(8);
  expect(samplesOf(types, ["a.c"])).toEqual([]);
});

test("the place of a fault is found by its line and column", () => {
  expect(placeOf("data.amount >> 1", "line 1, column 14: unexpected")).toEqual({
    before: "data.amount >",
    at: ">",
    after: " 1",
  });
  expect(placeOf("true &&\n  fals", "line 2, column 3: unknown name")).toEqual({
    before: "true &&\n  ",
    at: "f",
    after: "als",
  });
});

test("a fault at the end has a place too, and one elsewhere has none", () => {
  expect(placeOf("a &&", "line 1, column 5: ends too early")).toEqual({ before: "a &&", at: " ", after: "" });
  expect(placeOf("a", "line 9, column 9: no")).toBeUndefined();
  expect(placeOf("a", "no place")).toBeUndefined();
});
