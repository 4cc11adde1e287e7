import { describe, expect, it } from "vitest";
import { z } from "zod";
import { text } from "../../../src/api/http/primitives.js";
import { parseQuery, validate } from "../../../src/api/http/validate.js";

describe("a query", () => {
  it.each<[string, Record<string, string>]>([
    ["/x", {}],
    ["/x?", {}],
    ["/x?a=1&b=2", { a: "1", b: "2" }],
    ["/x?a", { a: "" }],
    ["/x?a=", { a: "" }],
    ["/x?a=b=c", { a: "b=c" }],
    ["/x?&a=1&&", { a: "1" }],
    ["/x?a+b=c+d", { "a b": "c d" }],
    ["/x?a=%C3%A9%26", { a: "é&" }],
    ["/x?a=1?b=2", { a: "1?b=2" }],
  ])("%s", (target, query) => expect(parseQuery(target)).toEqual({ ok: true, value: query }));

  it.each([
    ["/x?a=%", "query", "must be percent-encoded UTF-8"],
    ["/x?a=%ff", "query", "must be percent-encoded UTF-8"],
    ["/x?%zz=1", "query", "must be percent-encoded UTF-8"],
    ["/x?a=1&a=2", "query.a", "must be given once"],
    ["/x?a=1&%61=1", "query.a", "must be given once"],
  ])("%s is refused", (target, path, message) =>
    expect(parseQuery(target)).toMatchObject({
      ok: false,
      refusal: { refused: "invalid_request", errors: [{ path, message }] },
    }),
  );

  it("may have names that objects have", () => {
    const parsed = parseQuery("/x?__proto__=1&toString=2");
    expect(parsed).toMatchObject({ ok: true });
    expect(parsed.ok && Object.entries(parsed.value)).toEqual([
      ["__proto__", "1"],
      ["toString", "2"],
    ]);
  });
});

describe("a value", () => {
  const errorsOf = (schema: z.ZodType, value: unknown, where?: string) => {
    const checked = validate(schema, value, where);
    return checked.ok ? [] : (checked.refusal.errors ?? []);
  };

  it("that is right comes out as the schema makes it", () => {
    expect(validate(z.strictObject({ n: z.coerce.number() }), { n: "3" })).toEqual({ ok: true, value: { n: 3 } });
  });

  it("has the path of each field that is wrong, and not what stood there", () => {
    const schema = z.strictObject({ list: z.array(z.strictObject({ n: z.number("must be a number") })) });
    expect(errorsOf(schema, { list: [{ n: 1 }, { n: "canary" }] })).toEqual([
      { path: "list[1].n", message: "must be a number" },
    ]);
    expect(errorsOf(z.string("must be a text"), 7, "query")).toEqual([{ path: "query", message: "must be a text" }]);
  });

  it("with fields that are not known has each of them named, shortened", () => {
    const long = "x".repeat(100);
    expect(errorsOf(z.strictObject({ inner: z.strictObject({}) }), { inner: { [long]: 1, b: 2 } })).toEqual([
      { path: `inner.${"x".repeat(64)}…`, message: "is not known here" },
      { path: "inner.b", message: "is not known here" },
    ]);
  });

  it("of several forms has the errors of the form that it came furthest in", () => {
    const schema = z.union([
      z.strictObject({ type: z.literal("a", "must be a"), at: z.strictObject({ n: z.number("must be a number") }) }),
      z.strictObject({ type: z.literal("b", "must be b") }),
    ]);
    expect(errorsOf(z.strictObject({ auth: schema }), { auth: { type: "a", at: { n: "x" } } })).toEqual([
      { path: "auth.at.n", message: "must be a number" },
    ]);
  });

  it("has at most 20 errors", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 1]));
    expect(errorsOf(z.strictObject({}), many)).toHaveLength(20);
  });
});

describe("a text for people", () => {
  it.each(["a", " a ", "ä", "名", "👩\u200d🚀", "0", "-"])("%j is one", (value) =>
    expect(validate(text(8), value)).toEqual({ ok: true, value }),
  );
  it.each([" ", "   ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060 \u00ad", "\u2800", "\u3164", "\ufe0f"])(
    "%j holds nothing that can be seen",
    (value) =>
      expect(validate(text(8), value)).toMatchObject({
        ok: false,
        refusal: { errors: [{ message: "must hold something that can be seen" }] },
      }),
  );
});
