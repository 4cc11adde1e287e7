import { expect, test } from "vitest";
import { compileFilter } from "../../src/catalogue/filter.js";
import { filterInputOf } from "../../src/catalogue/filter-payload.js";
import { tryFilter } from "../../src/catalogue/filter-trial.js";

const tried = (filter: string, payload: string) => {
  const compiled = compileFilter(filter);
  if (!compiled.ok) throw new Error(compiled.reason);
  const event = { id: "evt_1", type: "a.b", contentType: "application/json", bytes: Buffer.from(payload) };
  return tryFilter(compiled, filterInputOf(event));
};

test.each<[string, string, object]>([
  ["data.amount > 100", '{"amount":150}', { matches: true, fields: [{ field: "data.amount", values: ["150"] }] }],
  ["data.amount > 100", "{}", { matches: false, fields: [{ field: "data.amount", values: [] }] }],
  [
    "data.amount > 100",
    '{"amount":"x"}',
    { matches: null, failed: "no_such_overload", fields: [{ field: "data.amount", values: ['"x"'] }] },
  ],
  [
    "data.items.exists(i, i.sku == 'b')",
    '{"items":[{"sku":"a"},{"sku":"b"},{}]}',
    {
      matches: true,
      fields: [
        { field: "data.items", values: ['[{"sku":"a"},{"sku":"b"},{}]'] },
        { field: "data.items[].sku", values: ['"a"', '"b"'] },
      ],
    },
  ],
  [
    "data.id == 9007199254740993",
    '{"id":9007199254740993}',
    { matches: true, fields: [{ values: ["9007199254740993"] }] },
  ],
  ["event.type == 'a.b'", "{}", { matches: true, fields: [] }],
  ["headers['webhook-event-type'] == 'a.b'", "{}", { matches: true, fields: [] }],
])("%s of %s", (filter, payload, expected) => {
  expect(tried(filter, payload)).toMatchObject(expected);
});

test("long values are cut, and of a long list five are shown", () => {
  const long = tried("data.text == 'a'", JSON.stringify({ text: "x".repeat(10_000) })).fields[0]?.values[0] ?? "";
  expect(long).toHaveLength(201);
  const items = Array.from({ length: 50 }, (_, n) => ({ n }));
  const fields = tried("data.items.all(i, i.n < 100)", JSON.stringify({ items })).fields;
  expect(fields.find(({ field }) => field === "data.items[].n")?.values).toEqual(["0", "1", "2", "3", "4"]);
});
