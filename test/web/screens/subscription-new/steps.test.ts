import { expect, test } from "vitest";
import { newSubscriptionSearch, stepOf } from "../../../../web/src/screens/subscription-new/steps.js";

test("the address holds a step that exists, the draft and an event type", () => {
  expect(newSubscriptionSearch({ step: "filter", id: "sub_1", type: "a.b", other: "x" })).toEqual({
    step: "filter",
    id: "sub_1",
    type: "a.b",
  });
  expect(newSubscriptionSearch({ step: "elsewhere", id: "" })).toEqual({});
});

test.each([
  [{}, "address"],
  [{ step: "types" }, "types"],
  [{ step: "finish" }, "address"],
  [{ id: "sub_1" }, "protection"],
  [{ id: "sub_1", step: "types" }, "protection"],
  [{ id: "sub_1", step: "finish" }, "finish"],
] as const)("%o leads to %s", (search, step) => {
  expect(stepOf(search, "https://acme.example")).toBe(step);
});

test.each(["", " "])("without a URL (%o) the event types are not reached", (url) => {
  expect(stepOf({ step: "types" }, url)).toBe("address");
});
