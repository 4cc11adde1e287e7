import { expect, test } from "vitest";
import { estimateOf, rateOf } from "../../../../web/src/parts/recovery/estimate.js";

test("a rate is a positive number, with a point or a comma", () => {
  expect(["5", " 0.5 ", "0,5", "", " ", "0", "-1", "x", "1e400"].map(rateOf)).toEqual([
    5,
    0.5,
    0.5,
    ...Array.from({ length: 6 }, () => undefined),
  ]);
});

test("a chosen rate lowers that of each endpoint and never shortens the time", () => {
  const preview = {
    estimatedSeconds: 20,
    bySubscription: [
      { subscriptionId: "sub_1", count: 200, ratePerSecond: 10, estimatedSeconds: 20 },
      { subscriptionId: "sub_2", count: 10, ratePerSecond: 1, estimatedSeconds: 10 },
    ],
  };
  expect(estimateOf(preview, undefined)).toBe(20);
  expect(estimateOf(preview, 5)).toBe(40);
  expect(estimateOf(preview, 100)).toBe(20);
});
