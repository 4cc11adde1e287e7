import { expect, it } from "vitest";
import { createCounts } from "../src/counts.js";

it("counts each name by itself, and begins again after 0", () => {
  const counts = createCounts();
  expect(counts.of("a")).toBe(0);
  counts.change("a", 1);
  counts.change("a", 1);
  counts.change("b", 1);
  expect([counts.of("a"), counts.of("b")]).toEqual([2, 1]);
  counts.change("a", -1);
  counts.change("a", -1);
  expect([counts.of("a"), counts.of("b"), counts.size]).toEqual([0, 1, 1]);
  counts.change("a", 1);
  expect(counts.of("a")).toBe(1);
});
