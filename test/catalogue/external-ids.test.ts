import { expect, test } from "vitest";
import { byExternalId } from "../../src/catalogue/external-ids.js";

const items = new Map([
  ["a", { id: "a", externalId: "one" }],
  ["b", { id: "b" }],
  ["c", { id: "c", externalId: "two" }],
  ["d", { id: "d", externalId: "two" }],
]);

test("the one that has it is found, and none if several have it", () => {
  expect(byExternalId(items, "one")?.id).toBe("a");
  expect(byExternalId(items, "two")).toBeUndefined();
  expect(byExternalId(items, "a")).toBeUndefined();
});

test("a changed map is read anew", () => {
  const changed = new Map([...items, ["b", { id: "b", externalId: "three" }]]);
  expect(byExternalId(items, "three")).toBeUndefined();
  expect(byExternalId(changed, "three")?.id).toBe("b");
});
