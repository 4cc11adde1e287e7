import { expect, test } from "vitest";
import { overviewSearch } from "../../../../web/src/screens/overview/filters.js";

test("the address holds a window that is offered, and what every screen knows", () => {
  expect(overviewSearch({ window: "7d", group: "grp_1", other: "1" })).toEqual({ window: "7d", group: "grp_1" });
  expect(overviewSearch({ window: "2h" })).toEqual({});
});
