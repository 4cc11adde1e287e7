import { expect, test } from "vitest";
import { subscriptionSearch } from "../../../../web/src/screens/subscription/tabs.js";

test("the address holds a tab that exists, and what every screen knows", () => {
  expect(subscriptionSearch({ tab: "settings", tz: "UTC", other: "1" })).toEqual({ tab: "settings", tz: "UTC" });
  expect(subscriptionSearch({ tab: "elsewhere" })).toEqual({});
});
