import { expect, test } from "vitest";
import { catalogueSearch, eventTypeFilterOf } from "../../../../web/src/screens/catalogue/filters.js";

test("what the address holds is what the API is asked", () => {
  const search = catalogueSearch({ q: "invoice", api: "api_1", cursor: "c", other: "x" });
  expect(search).toEqual({ q: "invoice", api: "api_1", cursor: "c" });
  expect(eventTypeFilterOf(search)).toEqual({ search: "invoice", apiId: "api_1" });
  expect(eventTypeFilterOf(catalogueSearch({}))).toEqual({});
});
