import { describe, expect, it } from "vitest";
import { boundSchema, MAX_SCHEMA_BYTES } from "../../src/catalogue/json-schema.js";

const bound = (schema: unknown) => boundSchema(schema as Record<string, unknown>, (format) => format === "date");
const faults = (schema: unknown) => {
  const result = bound(schema);
  return result.ok ? [] : result.faults;
};
const nested = (depth: number, keyword = "items"): unknown =>
  JSON.parse(`${`{"${keyword}":`.repeat(depth)}{}${"}".repeat(depth)}`);
/** Each definition applies the next one twice. */
const doubling = (levels: number) => ({
  $ref: "#/$defs/d0",
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, i) => [
      `d${i}`,
      i === levels - 1 ? { type: "string" } : { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  ),
});

describe("what a schema may hold", () => {
  it.each<[string, unknown, string, RegExp]>([
    [
      "a remote reference",
      { properties: { a: { $ref: "https://evil.example/schema.json" } } },
      "/properties/a/$ref",
      /are not fetched/,
    ],
    ["a file", { $ref: "file:///etc/passwd" }, "/$ref", /are not fetched/],
    ["a reference that is no text", { $ref: 7 }, "/$ref", /must begin with #/],
    ["a reference to nothing", { $ref: "#/$defs/none" }, "/$ref", /points at no subschema/],
    ["a reference to what is no schema", { $ref: "#/enum", enum: [{}] }, "/$ref", /points at no subschema/],
    ["a reference with a broken escape", { $ref: "#/%zz" }, "/$ref", /points at no subschema/],
    ["a dynamic reference", { $dynamicRef: "#node" }, "/$dynamicRef", /is not supported/],
    ["a nested $id", { items: { $id: "https://x.example/" } }, "/items/$id", /at the top only/],
    ["another dialect", { $schema: "http://json-schema.org/draft-07/schema#" }, "/$schema", /2020-12/],
    ["a keyword that nobody knows", { type: "object", nulable: true }, "/nulable", /no keyword/],
    ["look-around", { pattern: "(?=a)" }, "/pattern", /RE2/],
    ["a back-reference", { pattern: "(a)\\1" }, "/pattern", /RE2/],
    ["a pattern as a name", { patternProperties: { "(?<!a)b": {} } }, "/patternProperties/(?<!a)b", /RE2/],
    ["a pattern of a thousand thousands", { pattern: "((a{1,1000}){1,1000})" }, "/pattern", /RE2/],
    ["a pattern of 1,001 characters", { pattern: "a".repeat(1_001) }, "/pattern", /1000 characters/],
    ["__proto__", JSON.parse(`{"properties":{"__proto__":{"type":"string"}}}`), "/properties", /__proto__/],
    ["an anchor twice", { $defs: { a: { $anchor: "x" }, b: { $anchor: "x" } } }, "/$defs/b/$anchor", /no other/],
    ["itself", { $ref: "#" }, "", /refers to itself/],
    [
      "itself in a circle of three",
      { $ref: "#/$defs/a", $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { not: { $ref: "#/$defs/a" } } } },
      "",
      /refers to itself/,
    ],
    ["10,000 deep", nested(10_000), "", /64 deep/],
    ["10,000 deep below allOf", nested(10_000, "not"), "", /64 deep/],
    ["a huge enum", { enum: Array.from({ length: 10_000 }, (_, i) => i) }, "", /5000 values/],
    ["too many bytes", { enum: ["x".repeat(MAX_SCHEMA_BYTES)] }, "", /bytes/],
    ["references that double forty times", doubling(40), "", /applies more than/],
  ])("not %s", (_name, schema, path, message) => {
    const [first] = faults(schema);
    expect(first?.message).toMatch(message);
    if (path !== "") expect(first?.path).toBe(path);
  });

  it("but recursion that goes deeper, anchors, escaped names and annotations", () => {
    for (const schema of [
      { properties: { child: { $ref: "#" } } },
      { $defs: { "a/b~c%": { type: "string" } }, items: { $ref: "#/$defs/a~1b~0c%25" } },
      { items: { $ref: "#leaf" }, $defs: { leaf: { $anchor: "leaf", type: "number" } } },
      { "x-internal": { $ref: 7 }, title: "t", examples: [1], $comment: "c", discriminator: { propertyName: "kind" } },
      { properties: { $ref: { type: "string" }, pattern: { type: "string" }, constructor: { type: "number" } } },
      { const: { $ref: "https://x.example" } },
      nested(60),
      doubling(10),
      { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "https://x.example/invoice" },
      { pattern: "^(a+)+$" },
      {},
    ])
      expect(faults(schema), JSON.stringify(schema).slice(0, 100)).toEqual([]);
  });
});

it("weighs a schema with its references, and one that refers to itself without end", () => {
  const weight = (schema: unknown): number | undefined => {
    const result = bound(schema);
    return result.ok ? result.bounded.weight : undefined;
  };
  expect(
    weight({
      properties: { a: { $ref: "#/$defs/x" }, b: { $ref: "#/$defs/x" } },
      $defs: { x: { enum: [1, 2, 3, 4, 5] } },
    }),
  ).toBeGreaterThan(2 * 5);
  expect(weight({ properties: { child: { $ref: "#" } } })).toBe(Infinity);
  expect(weight({ pattern: "[a-z]{1,900}" })).toBeGreaterThan(900);
});

it("compiles without annotations, unknown formats and the schema's own id", () => {
  const result = bound({
    $id: "https://x.example/",
    title: "t",
    "x-y": 1,
    format: "money",
    items: { format: "date", default: 1 },
  });
  expect(result).toMatchObject({ ok: true, bounded: { schema: { items: { format: "date" } } } });
  expect(result.ok && Object.keys(result.bounded.schema)).toEqual(["items"]);
});
