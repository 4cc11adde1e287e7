import { expect, test } from "vitest";
import { differingFields } from "../../../../../web/src/screens/catalogue/edit/type-content.js";

test("names the fields that differ, in the order of the page", () => {
  const before = { description: "a", schema: { type: "object" }, validation: "off" as const };
  expect(differingFields(before, before)).toEqual([]);
  expect(differingFields(before, { schema: { type: "string" }, examples: [1], validation: "off" })).toEqual([
    "description",
    "schema",
    "examples",
  ]);
});

test("a form knows instants to the second, so less than one is no difference", () => {
  const of = (at: string) => ({ deprecation: { at } });
  expect(differingFields(of("2026-11-26T10:00:00.123Z"), of("2026-11-26T10:00:00.000Z"))).toEqual([]);
  expect(differingFields(of("2026-11-26T10:00:00.123Z"), of("2026-11-26T10:00:01.123Z"))).toEqual(["deprecation"]);
});
