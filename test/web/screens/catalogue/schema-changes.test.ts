import { expect, test } from "vitest";
import { schemaChanges } from "../../../../web/src/screens/catalogue/schema-changes.js";

test("added, changed and removed members are named with both sides", () => {
  const before = {
    required: ["id"],
    properties: { id: { type: "string" }, old: { type: "string" }, amount: { type: "number" } },
  };
  const after = {
    properties: { id: { type: "string" }, amount: { type: "string", maxLength: 20 }, note: { type: "string" } },
  };
  expect(schemaChanges(before, after)).toEqual([
    { path: "id", what: "changed", before: "string, required", after: "string" },
    { path: "amount", what: "changed", before: "number", after: "string, maxLength 20" },
    { path: "note", what: "added", after: "string" },
    { path: "old", what: "removed", before: "string" },
  ]);
});

test("a description is no change, and neither is the same schema", () => {
  const schema = { properties: { a: { type: "string", description: "one" } } };
  expect(schemaChanges(schema, { properties: { a: { type: "string", description: "two" } } })).toEqual([]);
  expect(schemaChanges(undefined, undefined)).toEqual([]);
  expect(schemaChanges(undefined, schema)).toEqual([{ path: "a", what: "added", after: "string" }]);
});
