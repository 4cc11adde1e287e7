import { describe, expect, it } from "vitest";
import { compileFilter } from "../../src/catalogue/filter.js";
import { fieldName, knowsField } from "../../src/catalogue/filter-fields.js";

const named = (text: string) => {
  const compiled = compileFilter(text);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.fields;
};
const unknown = (text: string, type: Parameters<typeof knowsField>[0]): string[] =>
  named(text)
    .filter((field) => !knowsField(type, field))
    .map(({ path }) => fieldName(path));

describe("the members that a filter names", () => {
  it.each([
    ["data.a.b > 1 && data['c'] == 'x'", ["data.a.b", "data.c"]],
    ["has(data.a.b) && 'k' in data.m", ["data.a.b", "data.m.k", "data.m"]],
    ["data.items[0].sku == 'x' || data.items[int(data.n)].sku == 'y'", ["data.items[].sku", "data.n"]],
    [
      "data.items.exists(i, i.lines.all(l, l.sku == i.sku && data.ok))",
      ["data.items", "data.items[].lines", "data.items[].lines[].sku", "data.items[].sku", "data.ok"],
    ],
    ["data.items.filter(i, i.n > 1).map(j, j.sku).size() > 1", ["data.items", "data.items[].n"]],
    ["size(data.s.lowerAscii()) > 1 ? data.x : !data.y", ["data.s", "data.x", "data.y"]],
    ["event.type == 'a.b' && headers['x-a'] == 'b' && data == {'a': data.z}", ["data.z"]],
  ])("%s", (text, expected) =>
    expect(
      named(text)
        .map(({ path }) => fieldName(path))
        .sort(),
    ).toEqual([...expected].sort()),
  );
});

describe("what neither schema nor examples know", () => {
  const schema = {
    type: "object",
    properties: {
      total: { type: "number" },
      free: {},
      lines: { type: "array", items: { $ref: "#/$defs/Line" } },
      pair: { prefixItems: [{ properties: { a: true } }] },
      tags: { additionalProperties: { type: "string" } },
    },
    allOf: [{ properties: { state: { enum: ["open"] } } }],
    oneOf: [{ $ref: "#/$defs/One" }, { properties: { two: { type: "object", properties: { deep: true } } } }],
    if: { properties: { when: true } },
    patternProperties: { "^x-": { properties: { y: true } } },
    $defs: {
      Line: { properties: { sku: { type: "string" }, sub: { $ref: "#/$defs/Line" } } },
      One: { properties: { one: true }, $ref: "#/$defs/One" },
    },
  };
  it.each([
    "data.total > 1",
    "data.state == 'open' && data.one == 1 && data.two.deep == 1 && has(data.when)",
    "data.lines[0].sub.sub.sku == 'x'",
    "data.lines.exists(l, l.sku == 'x')",
    "data.free.anything.at.all == 1",
    "data.tags.whatever == 'x'",
    "data.pair[0].a == 1",
    "data['x-a'].y == 1",
  ])("knows %s", (text) => expect(unknown(text, { schema })).toEqual([]));
  it.each([
    ["data.totl > 1", ["data.totl"]],
    ["data.lines[0].skuu == 'x'", ["data.lines[].skuu"]],
    ["data.lines.exists(l, l.price > 1)", ["data.lines[].price"]],
    ["data.two.deeper == 1", ["data.two.deeper"]],
    ["data['y-a'] == 1", ["data.y-a"]],
  ])("does not know %s", (text, expected) => expect(unknown(text, { schema })).toEqual(expected));
  it("looks at the examples too, and asks nothing of a type that has neither", () => {
    const examples = [{ a: [{ b: 1 }] }, { c: null }];
    expect(unknown("data.a[0].b == 1 && data.c == null && data.a[0].z == 1 && data.d", { examples })).toEqual([
      "data.a[].z",
      "data.d",
    ]);
    expect(unknown("data.a[0].b == 1 && data.d && data.total > 1", { schema, examples })).toEqual(["data.d"]);
    expect(unknown("data.whatever", {})).toEqual([]);
    expect(unknown("data.whatever", { schema: {} })).toEqual([]);
  });
  it("is never a prototype's business", () =>
    expect(
      unknown("data.constructor == 1 && data.__proto__ == 1", { schema: { properties: { a: true } }, examples: [{}] }),
    ).toEqual(["data.constructor", "data.__proto__"]));
});
