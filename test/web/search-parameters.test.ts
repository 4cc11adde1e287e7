import { expect, test } from "vitest";
import { frameSearch, keptSearch, parseSearch, stringifySearch, textsOf } from "../../web/src/search-parameters.js";

test("an address is readable, and comes back as it was", () => {
  const search = { status: "parked,exhausted", since: "2026-11-26T13:00:00.000Z", tz: "Asia/Kolkata", q: "a&b=c#+ ü" };
  const text = stringifySearch(search);
  expect(text).toBe("?status=parked,exhausted&since=2026-11-26T13:00:00.000Z&tz=Asia/Kolkata&q=a%26b%3Dc%23%2B+%C3%BC");
  expect(parseSearch(text)).toEqual(search);
});

test("what is empty, no text, or of another screen is left out", () => {
  expect(stringifySearch({ q: "", group: undefined, limit: 5 })).toBe("");
  expect(frameSearch({ tz: "UTC", group: "", q: "x", cursor: 5 })).toEqual({ tz: "UTC" });
  expect(keptSearch(frameSearch({ tz: "UTC", api: "api_1", group: "", cursor: "c" }))).toEqual({
    tz: "UTC",
    api: "api_1",
  });
  expect(textsOf({ a: "1", b: ["2"] }, ["a", "b"])).toEqual({ a: "1" });
});
