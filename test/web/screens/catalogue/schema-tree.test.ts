import { expect, test } from "vitest";
import { schemaTree } from "../../../../web/src/screens/catalogue/schema-tree.js";

const shownBy = (schema: unknown): string[] =>
  schemaTree(schema).lines.map(
    ({ path, type, required, limits }) => `${path}: ${[type, ...(required ? ["required"] : []), ...limits].join(", ")}`,
  );

test("members are shown in their order, with what limits them", () => {
  expect(
    shownBy({
      type: "object",
      required: ["id", "lines"],
      properties: {
        id: { type: "string", format: "uuid", maxLength: 36 },
        state: { enum: ["open", "paid"] },
        lines: {
          type: "array",
          minItems: 1,
          items: { type: "object", required: ["price"], properties: { price: { type: ["number", "null"] } } },
        },
      },
    }),
  ).toEqual([
    "id: string, required, format uuid, maxLength 36",
    'state: any, enum "open", "paid"',
    "lines: array, required, minItems 1",
    "lines[]: object",
    "lines[].price: number or null, required",
  ]);
});

test("references within the document are followed, and schemas put together are one", () => {
  expect(
    shownBy({
      $defs: { money: { type: "object", properties: { amount: { type: "string" } } } },
      allOf: [{ properties: { total: { $ref: "#/$defs/money" } } }, { properties: { note: { const: "x" } } }],
    }),
  ).toEqual(["total: object", "total.amount: string", 'note: "x"']);
  expect(shownBy({ properties: { a: { oneOf: [{ type: "string" }, { type: "integer" }] } } })).toEqual([
    "a: string or integer",
  ]);
});

test("a schema that leads into itself ends, and says that it goes on", () => {
  const schema = {
    $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
    $ref: "#/$defs/node",
  };
  const { lines, cut } = schemaTree(schema);
  expect(cut).toBe(true);
  expect(lines.length).toBeLessThanOrEqual(20);
  const loop = { $defs: { a: { $ref: "#/$defs/a" } }, properties: { x: { $ref: "#/$defs/a" } } };
  expect(schemaTree(loop).lines).toHaveLength(1);
  const choice = {
    $defs: { a: { oneOf: [{ $ref: "#/$defs/a" }, { type: "string" }] } },
    properties: { x: { $ref: "#/$defs/a" } },
  };
  expect(schemaTree(choice).lines).toHaveLength(1);
});

test("a schema with very many members is cut", () => {
  const properties = Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`m${n}`, { type: "string" }]));
  const { lines, cut } = schemaTree({ properties });
  expect(lines).toHaveLength(1_000);
  expect(cut).toBe(true);
});

test.each([[undefined], [true], [{}], [[]], [{ properties: [] }], [{ properties: { a: 1 } }]])(
  "%o does not fail",
  (schema) => {
    expect(schemaTree(schema).cut).toBe(false);
  },
);
