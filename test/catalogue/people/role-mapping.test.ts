import { describe, expect, test } from "vitest";
import { actingAs, standingsOf } from "../../../src/catalogue/people/role-mapping.js";

const groups: Record<string, { samlGroups: string[] }> = {
  grp_a: { samlGroups: ["a", "all"] },
  grp_b: { samlGroups: ["b", "all"] },
  grp_none: { samlGroups: [] },
  grp_admin: { samlGroups: ["admins"] },
};
const groupOf = (id: string) => groups[id];
const connection = {
  groupIds: ["grp_a", "grp_none", "grp_gone"],
  roles: [
    { samlGroup: "admins", role: "admin" as const },
    { samlGroup: "ops", role: "operator" as const },
    { samlGroup: "audit", role: "auditor" as const },
    { samlGroup: "pay", role: "provider" as const, apiIds: ["api_pay"] },
    { samlGroup: "ship", role: "provider" as const, apiIds: ["api_ship", "api_pay"] },
    { samlGroup: "everything", role: "provider" as const },
  ],
};
const of = (...samlGroups: string[]) => standingsOf(connection, new Set(samlGroups), groupOf);

describe("standings", () => {
  test.each<[string[], unknown]>([
    [[], []],
    [["nobody"], []],
    [["a"], [{ role: "consumer", groupIds: ["grp_a"] }]],
    [["all"], [{ role: "consumer", groupIds: ["grp_a"] }]],
    [["A"], []],
    [["a "], []],
    [[""], []],
    [["b"], []],
    [["grp_a", "grp_b"], []],
    [["admin"], []],
    [["admins"], [{ role: "admin" }]],
    [["pay"], [{ role: "provider", apiIds: ["api_pay"] }]],
    [["pay", "ship"], [{ role: "provider", apiIds: ["api_pay", "api_ship"] }]],
    [["pay", "everything"], [{ role: "provider" }]],
    [
      ["admins", "a", "audit", "ops", "ship"],
      [
        { role: "consumer", groupIds: ["grp_a"] },
        { role: "auditor" },
        { role: "operator" },
        { role: "provider", apiIds: ["api_ship", "api_pay"] },
        { role: "admin" },
      ],
    ],
  ])("of %j", (samlGroups, standings) => {
    expect(of(...samlGroups)).toEqual(standings);
  });

  test("no connection gives what only another may", () => {
    const theirs = { groupIds: ["grp_b"], roles: [] };
    expect(standingsOf(theirs, new Set(["a", "admins", "ops", "everything"]), groupOf)).toEqual([]);
    expect(standingsOf(theirs, new Set(["all"]), groupOf)).toEqual([{ role: "consumer", groupIds: ["grp_b"] }]);
    expect(standingsOf({ groupIds: [], roles: [] }, new Set(["a", "b", "all"]), groupOf)).toEqual([]);
  });

  test("a group of consumers gives no role but consumer, whatever it is called", () => {
    expect(standingsOf({ groupIds: ["grp_admin"], roles: [] }, new Set(["admins"]), groupOf)).toEqual([
      { role: "consumer", groupIds: ["grp_admin"] },
    ]);
  });
});

test("one acts in the role one chose while one has it, else in the least powerful", () => {
  const standings = of("admins", "a", "ops");
  expect(actingAs(standings, undefined)?.role).toBe("consumer");
  expect(actingAs(standings, "admin")?.role).toBe("admin");
  expect(actingAs(standings, "provider")?.role).toBe("consumer");
  expect(actingAs([], "admin")).toBeUndefined();
});
