import { expect, test } from "vitest";
import { type FetchedRows, mergeRows } from "../../../../web/src/parts/rows/live-rows.js";

const row = (id: string, second: number, status = "pending") => ({
  id,
  createdAt: `2026-11-26T12:00:0${second}Z`,
  status,
});

type Row = ReturnType<typeof row>;
const merged = (shown: Row[], fetched: FetchedRows<Row>) => mergeRows(shown, fetched, ({ createdAt }) => createdAt);

test("rows that are shown change in place, and new ones are only counted", () => {
  const shown = [row("c", 3), row("b", 2), row("a", 1)];
  const data = [row("e", 5), row("d", 4), row("c", 3, "delivered"), row("b", 2)];
  expect(merged(shown, { data, next: "more" })).toEqual({
    rows: [row("c", 3, "delivered"), row("b", 2), row("a", 1)],
    fresh: 2,
    gone: 0,
  });
});

test("an older row that takes the place of one that has gone is not new", () => {
  const list = (...data: Row[]) => ({ data, next: null });
  expect(merged([row("c", 3)], list(row("c", 3), row("a", 1))).fresh).toBe(0);
  expect(merged([], list(row("a", 1))).fresh).toBe(1);
});

test("a row that has left the list stays where it is, and is counted", () => {
  const shown = [row("c", 3), row("b", 2), row("a", 1)];
  const without = { data: [row("c", 3), row("a", 1)], next: null };
  expect(merged(shown, without)).toEqual({ rows: shown, fresh: 0, gone: 1 });
  // On the last page everything is there that is in the list, and on another one only what is newer than its end.
  expect(merged(shown, { data: [row("c", 3)], next: null }).gone).toBe(2);
  expect(merged(shown, { data: [row("c", 3)], next: "more" }).gone).toBe(0);
  expect(merged(shown, { data: [], next: null }).gone).toBe(3);
});
