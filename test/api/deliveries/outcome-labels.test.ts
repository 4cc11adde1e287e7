import { expect, test } from "vitest";
import { outcomeLabel } from "../../../src/api/deliveries/outcome-labels.js";
import { OUTCOMES } from "../../../src/endpoint/outcomes.js";

test("each outcome has words of its own that fit beside a line of a chart", () => {
  const labels = Object.keys(OUTCOMES).map((code) => outcomeLabel(code) ?? "");
  expect(labels).not.toContain("");
  expect(new Set(labels).size).toBe(labels.length);
  for (const label of labels) {
    expect(label.length, label).toBeLessThanOrEqual(40);
    expect(label, "no code").not.toMatch(/_|^[a-z]/);
  }
});

test.each(["", "http_999", "toString"])("there are none for %j, which another release may have recorded", (code) => {
  expect(outcomeLabel(code)).toBeUndefined();
});
