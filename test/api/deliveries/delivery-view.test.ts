import { expect, test } from "vitest";
import { deliverySummaryOf } from "../../../src/api/deliveries/delivery-view.js";
import { delivery } from "../../store/fixtures.js";

const summaryOf = deliverySummaryOf({ subscription: () => undefined, pauseEnd: () => 0 });

test.each([
  ["not needed (by person:per_1)", "not needed"],
  ["not needed (by somebody in Temporal)", "not needed"],
  ["Cancelled by hand. (by key:key_1)", "Cancelled by hand."],
  ["Cancelled by person:per_1.", "Cancelled by hand."],
  ["The answer was 422 (its body says why).", "The answer was 422 (its body says why)."],
])("the reason %j does not tell who asked for it", (reason, told) => {
  expect(summaryOf({ ...delivery("evt_1.sub_1"), reason }).reason).toBe(told);
});
