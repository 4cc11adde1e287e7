import { expect, test } from "vitest";
import { OUTCOMES } from "../../../../../src/endpoint/outcomes.js";
import { OUTCOME_CODES } from "../../../../../web/src/screens/deliveries/filters/outcome-codes.js";

test("every outcome can be filtered by", () => {
  expect(OUTCOME_CODES).toEqual(Object.keys(OUTCOMES).sort());
});
