import { expect, test } from "vitest";
import { mergeRows, readChange } from "../../../../web/src/screens/deliveries/merge.js";

const row = (id: string, second: number, status = "pending") => ({
  id,
  createdAt: `2026-11-26T12:00:0${second}Z`,
  status,
});

test("rows that are shown change in place, and new ones are only counted", () => {
  const shown = [row("c", 3), row("b", 2), row("a", 1)];
  const fetched = [row("e", 5), row("d", 4), row("c", 3, "delivered"), row("b", 2)];
  expect(mergeRows(shown, fetched)).toEqual({ rows: [row("c", 3, "delivered"), row("b", 2), row("a", 1)], fresh: 2 });
});

test("an older row that takes the place of one that has gone is not new", () => {
  expect(mergeRows([row("c", 3)], [row("c", 3), row("a", 1)]).fresh).toBe(0);
  expect(mergeRows([], [row("a", 1)]).fresh).toBe(1);
});

test("a change is read from the stream's text, and nothing else is taken for one", () => {
  const change = { id: "d", status: "parked", attemptCount: 2, lastStatus: 422, updatedAt: "2026-11-26T12:00:00Z" };
  expect(readChange(JSON.stringify({ ...change, eventType: "x" }))).toEqual(change);
  expect(readChange(JSON.stringify({ ...change, lastStatus: undefined }))).not.toHaveProperty("lastStatus");
  for (const text of ["", "[]", "null", "{", '{"id":"d"}', JSON.stringify({ ...change, attemptCount: "2" })])
    expect(readChange(text), text).toBeUndefined();
});
