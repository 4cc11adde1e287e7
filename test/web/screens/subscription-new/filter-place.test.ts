import { expect, test } from "vitest";
import { placeOf } from "../../../../web/src/screens/subscription-new/filter-place.js";

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
