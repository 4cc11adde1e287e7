import { expect, test } from "vitest";
import {
  add,
  addStatus,
  addText,
  bucketOf,
  type Cell,
  cellText,
  countsOf,
  merge,
  percentile,
} from "../../../src/store/stats/cells.js";

test("a cell is the same after it was written and read", () => {
  const cell: Cell = new Map();
  add(cell, "ddelivered", 3);
  add(cell, "ahttp_5xx");
  addStatus(cell, 503);
  const read: Cell = new Map();
  addText(read, cellText(cell));
  expect(read).toEqual(cell);
  addText(read, "");
  addText(read, "half of a pair=");
  merge(read, cell);
  expect(read.get("ddelivered")).toBe(6);
  expect([...countsOf(read, "a")]).toEqual([["http_5xx", 2]]);
});

test("an endpoint that answers with every status makes no cell grow without end", () => {
  const cell: Cell = new Map();
  for (let status = 200; status < 600; status++) addStatus(cell, status);
  expect(cell.size).toBeLessThanOrEqual(16 + 4);
  expect([...cell.values()].reduce((sum, count) => sum + count, 0)).toBe(400);
});

test("a percentile is within 10 % for durations from a millisecond to an hour", () => {
  for (let ms = 1; ms < 3_600_000; ms = Math.ceil(ms * 1.07)) {
    const told = percentile(new Map([[bucketOf(ms), 1]]), 50) ?? 0;
    expect(Math.abs(told - ms), `${ms} ms told as ${told}`).toBeLessThanOrEqual(Math.max(1, ms * 0.1));
  }
});

test("percentiles count answers and not buckets", () => {
  const buckets = new Map([
    [bucketOf(10), 94],
    [bucketOf(1_000), 6],
  ]);
  expect(percentile(buckets, 50)).toBeLessThan(12);
  expect(percentile(buckets, 95)).toBeGreaterThan(900);
  expect(percentile(new Map(), 50)).toBeUndefined();
});
