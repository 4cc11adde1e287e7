import { expect, test } from "vitest";
import { shownOf, toggled } from "../../../../web/src/parts/rows/hidden-columns.js";

const COLUMNS = [
  { key: "name", title: () => "Name", fixed: true },
  { key: "group", title: () => "Group" },
  { key: "status", title: () => "Status" },
] as const;
const keysOf = (hidden: readonly string[]) => shownOf(COLUMNS, hidden).map(({ key }) => key);

test("what is hidden is left out, and the others keep their order", () => {
  expect(keysOf([])).toEqual(["name", "group", "status"]);
  expect(keysOf(["group"])).toEqual(["name", "status"]);
});

test("the way to the row stays, and a column that is no more does no harm", () => {
  expect(keysOf(["name", "gone", "status", ""])).toEqual(["name", "group"]);
});

test("a column goes and comes back", () => {
  const hidden = toggled(toggled([], "group"), "status");
  expect(hidden).toEqual(["group", "status"]);
  expect(toggled(hidden, "group")).toEqual(["status"]);
});
