import { expect, test } from "vitest";
import { readChange } from "../../../../web/src/screens/deliveries/change.js";

test("a change is read from the stream's text, and nothing else is taken for one", () => {
  const change = { id: "d", status: "parked", attemptCount: 2, lastStatus: 422, updatedAt: "2026-11-26T12:00:00Z" };
  expect(readChange(JSON.stringify({ ...change, eventType: "x" }))).toEqual(change);
  expect(readChange(JSON.stringify({ ...change, lastStatus: undefined }))).not.toHaveProperty("lastStatus");
  for (const text of ["", "[]", "null", "{", '{"id":"d"}', JSON.stringify({ ...change, attemptCount: "2" })])
    expect(readChange(text), text).toBeUndefined();
});
