import { expect, test } from "vitest";
import { subscriptionSearch, tabsFor } from "../../../../web/src/screens/subscription/tabs.js";

test("the address holds a tab that exists, and what every screen knows", () => {
  expect(subscriptionSearch({ tab: "settings", tz: "UTC", other: "1" })).toEqual({ tab: "settings", tz: "UTC" });
  expect(subscriptionSearch({ tab: "elsewhere" })).toEqual({});
});

test("the history is for those who may read the audit", () => {
  expect(tabsFor("auditor")).toContain("history");
  expect(tabsFor("admin")).toContain("history");
  for (const role of ["consumer", "provider", "operator"] as const) expect(tabsFor(role)).not.toContain("history");
});
