import { expect, test } from "vitest";
import {
  aloneIn,
  dashOf,
  formatFigure,
  isBlank,
  pointAfter,
  shareOf,
  sparkPoints,
  toneOf,
  wholeOf,
} from "../../../../web/src/parts/chart/figures.js";

const series = (values: (number | null)[]) => ({ key: "a", label: "A", values });

test("figures are written in their unit", () => {
  expect(formatFigure(1204, "count")).toBe("1,204");
  expect(formatFigure(0.9876, "percent")).toBe("98.8%");
  expect(formatFigure(250, "milliseconds")).toBe("250 ms");
  expect(formatFigure(1250, "milliseconds")).toMatch(/^1\.3 secs?$/);
});

test("counts are added up, and a share or a time is not", () => {
  expect(wholeOf(series([1, null, 2]), "count")).toBe(3);
  expect(wholeOf(series([0.5, 0.7]), "percent")).toBeUndefined();
  expect(wholeOf({ ...series([10, 20]), whole: 12 }, "milliseconds")).toBe(12);
});

test("a chart without a figure above zero is blank", () => {
  expect(isBlank([series([null, 0]), series([])], "count")).toBe(true);
  expect(isBlank([series([null, 0]), series([1])], "count")).toBe(false);
  // A success rate of 0 % is the worst of news, and not none.
  expect(isBlank([series([null, 0])], "percent")).toBe(false);
});

test("a share is nothing where nothing was counted", () => {
  expect(shareOf([3, 0, 0], [1, 0, 2])).toEqual([0.75, null, 0]);
});

test("keys lead from point to point and stop at both ends", () => {
  expect(pointAfter("ArrowLeft", undefined, 24)).toBe(22);
  expect(pointAfter("ArrowRight", 23, 24)).toBe(23);
  expect(pointAfter("PageUp", 4, 24)).toBe(0);
  expect(pointAfter("Home", 4, 24)).toBe(0);
  expect(pointAfter("End", 4, 24)).toBe(23);
  expect(pointAfter("Enter", 4, 24)).toBeUndefined();
});

test("two lines beside each other differ in colour and in pattern", () => {
  for (let place = 0; place < 5; place++) {
    expect(dashOf(place)).not.toEqual(dashOf(place + 1));
    expect(toneOf(series([]), place)).not.toBe(toneOf(series([]), place + 1));
  }
});

test("a small line stands on zero and reaches the top with its greatest value", () => {
  expect(sparkPoints([0, 4, 2], 100, 20)).toBe("0.0,20.0 50.0,0.0 100.0,10.0");
  expect(sparkPoints([null, 0], 100, 20)).toBe("100.0,20.0 100.0,20.0");
  expect(sparkPoints([], 100, 20)).toBe("");
});

test("a value without a neighbour is found, as no line leads to it", () => {
  expect(aloneIn([null, 3, null, 4, 5, null, 0])).toEqual([1, 6]);
  expect(aloneIn([7])).toEqual([0]);
  expect(aloneIn([null, null])).toEqual([]);
});

test("a spark line of one value is a dot", () => {
  expect(sparkPoints([null, 2, null], 10, 4)).toBe("5.0,0.0 5.0,0.0");
});
