import { expect, test } from "vitest";
import { requestsSearch } from "../../../../web/src/screens/requests/filters.js";

test("the address holds a status that exists", () => {
  expect(requestsSearch({ status: "refused", cursor: "c", other: "x" })).toEqual({ status: "refused", cursor: "c" });
  expect(requestsSearch({ status: "elsewhere" })).toEqual({});
});
