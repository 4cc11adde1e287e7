import { describe, expect, it } from "vitest";
import {
  CHECK_LIMIT_MS,
  createSchemaCompiler,
  type PayloadFault,
  type PayloadValidator,
} from "../../src/catalogue/schema-validator.js";
import { createWatchdog } from "../../src/catalogue/watchdog.js";

const compile = createSchemaCompiler(createWatchdog());
function validatorOf(schema: unknown): PayloadValidator {
  const compiled = compile(schema as Record<string, unknown>);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.validator;
}
const check = (schema: unknown, value: unknown): PayloadFault[] | undefined =>
  validatorOf(schema)(value, JSON.stringify(value).length);
const paths = (found: PayloadFault[] | undefined) => found?.map(({ path }) => path);

describe("compiling", () => {
  it.each<[string, unknown, string]>([
    ["a type that there is none", { properties: { a: { type: "strin" } } }, "/properties/a/type"],
    ["a negative length", { minLength: -1 }, "/minLength"],
    ["a list for properties", { properties: [] }, "/properties"],
    ["a keyword without effect", { minContains: 1 }, ""],
    ["an empty enum", { enum: [] }, ""],
    ["required that is no list", { required: "a" }, "/required"],
    ["a reference of its own to nothing", { $ref: "#/$defs/x" }, "/$ref"],
  ])("refuses %s and says where", (_name, schema, path) => {
    const compiled = compile(schema as Record<string, unknown>);
    expect(compiled.ok ? [] : compiled.faults.map((fault) => fault.path)).toContain(path);
  });

  it("makes no code of what a schema says", () => {
    const hole = globalThis as { sealpostPwned?: boolean };
    const nasty = [
      '"); globalThis.sealpostPwned = true; ("',
      "${globalThis.sealpostPwned=true}",
      "*/ globalThis.sealpostPwned = true /*",
      "a\u2028globalThis.sealpostPwned=true",
      "'];globalThis.sealpostPwned=true;//",
      "constructor",
      "toString",
    ];
    for (const text of nasty) {
      const validator = validatorOf({
        type: "object",
        properties: { [text]: { const: text } },
        patternProperties: { "^x": { enum: [text] } },
        required: [text],
        dependentRequired: { [text]: [text] },
        $defs: { [text]: { type: "string" } },
        additionalProperties: {
          $ref: `#/$defs/${encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"))}`,
        },
        format: text,
        title: text,
        $comment: text,
      });
      expect(validator({ [text]: text }, 10)).toBeUndefined();
      expect(validator({}, 2)).toHaveLength(1);
    }
    expect(hole.sealpostPwned).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("takes the largest schema that the bounds allow", () => {
    const wide = {
      type: "object",
      properties: Object.fromEntries(
        Array.from({ length: 1_200 }, (_, i) => [`p${i}`, { type: "string", minLength: 1, maxLength: 5 }]),
      ),
    };
    expect(paths(check(wide, { p1199: 1 }))).toEqual(["/p1199"]);
  });
});

describe("checking", () => {
  const schema = {
    type: "object",
    required: ["total", "email"],
    additionalProperties: false,
    properties: {
      total: { type: "number", minimum: 0 },
      email: { type: "string", format: "email" },
      state: { enum: ["open", "paid"] },
      "a/b": { type: "object", unevaluatedProperties: false, properties: { c: {} } },
    },
  };
  it("finds all that is wrong, by JSON pointer, and repeats no value", () => {
    const found = check(schema, {
      total: -4711,
      email: "secret-value",
      state: "secret-value",
      "a/b": { d: "secret-value" },
      more: "secret-value",
    });
    expect(paths(found)?.sort()).toEqual(["/a~1b/d", "/email", "/more", "/state", "/total"]);
    expect(JSON.stringify(found)).not.toMatch(/secret-value|4711/);
    expect(found?.every(({ schemaPath }) => schemaPath.startsWith("#/"))).toBe(true);
    expect(paths(check(schema, { email: "a@b.example" }))).toEqual([""]);
    expect(check(schema, { total: 1, email: "a@b.example", state: "paid" })).toBeUndefined();
    expect(check(schema, { total: 1, email: "a@b.example", state: "paid" })).toBeUndefined();
  });

  it.each<[string, unknown, unknown, string | undefined]>([
    ["(a+)+$ on a long text", { pattern: "^(a+)+$" }, `${"a".repeat(200_000)}b`, ""],
    [
      "a nested quantifier as a name",
      { patternProperties: { "^(x+x+)+y$": false } },
      { ["x".repeat(50_000)]: 1 },
      undefined,
    ],
    ["an e-mail address of 100,000 characters", { format: "email" }, `${"a.".repeat(50_000)}@`, ""],
    ["a list of 60,000 unlike objects", { uniqueItems: true }, Array.from({ length: 60_000 }, (_, i) => ({ i })), ""],
    [
      "references that double with every level",
      {
        $defs: { t: { properties: { c: { anyOf: [{ $ref: "#/$defs/t" }, { $ref: "#/$defs/t" }] } }, required: ["v"] } },
        $ref: "#/$defs/t",
      },
      deep(40),
      "",
    ],
    ["recursion 100,000 deep", { properties: { c: { $ref: "#" } } }, deep(100_000), ""],
  ])("ends soon: %s", (_name, given, value, path) => {
    const validator = validatorOf(given);
    const since = performance.now();
    const found = validator(value, 1_000_000);
    // Not a measurement: it tells an end from none.
    expect(performance.now() - since).toBeLessThan(40 * CHECK_LIMIT_MS);
    expect(paths(found)?.[0]).toBe(path);
  });

  it("tells an unlike list from a like one below the limit", () => {
    expect(check({ uniqueItems: true }, [{ a: 1 }, { a: 1 }])).toHaveLength(1);
    expect(check({ uniqueItems: true }, [{ a: 1 }, { a: 2 }])).toBeUndefined();
  });
});

function deep(levels: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < levels; level++) value = { c: value };
  return value;
}
