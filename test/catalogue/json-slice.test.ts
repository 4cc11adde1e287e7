import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findDuplicateMember, memberBytes, sliceMember } from "../../src/catalogue/json-slice.js";

const slices = (json: string, member = "data"): (string | undefined)[] => {
  const bytes = Buffer.from(json);
  const result = sliceMember(bytes, member);
  if (!result.ok) throw new Error(`duplicate ${result.duplicate}`);
  return result.spans.map((span) => span && bytes.subarray(span.start, span.end).toString());
};

/** A random JSON value as text, with random white space. */
function randomJson(depth: number): string {
  const space = () => " \t\n\r".repeat(3).slice(randomInt(8), randomInt(8, 12)).slice(0, randomInt(3));
  const string = () => {
    const parts = [
      "a",
      "\u00e9",
      "\ud83d\ude00",
      '\\"',
      "\\\\",
      "\\u0041",
      "\\ud800",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\\/",
      " ",
      "data",
    ];
    return `"${Array.from({ length: randomInt(6) }, () => parts[randomInt(parts.length)]).join("")}"`;
  };
  const scalars = [
    string,
    () => "9007199254740993",
    () => "1e999",
    () => "-0",
    () => "1E+21",
    () => "true",
    () => "null",
    () => "0.10",
  ];
  if (depth === 0 || randomInt(3) === 0) return `${space()}${scalars[randomInt(scalars.length)]?.() ?? "0"}${space()}`;
  const count = randomInt(4);
  if (randomInt(2)) return `[${Array.from({ length: count }, () => randomJson(depth - 1)).join(",") || space()}]`;
  const member = (_: unknown, i: number) => `${space()}"k${i}${string().slice(1)}${space()}:${randomJson(depth - 1)}`;
  return `{${Array.from({ length: count }, member).join(",") || space()}}`;
}

describe("sliceMember", () => {
  test.each([
    [`{"type":"a","data":9007199254740993}`, "9007199254740993"],
    [`{"data": 1e999 ,"type":"a"}`, "1e999"],
    [`{"data":"\\ud800"}`, `"\\ud800"`],
    [`{"data":{"b":1, "a" : [ ] ,"b":2}}`, `{"b":1, "a" : [ ] ,"b":2}`],
    [`{"data":"}\\"]{,"}`, `"}\\"]{,"`],
    [`{"da\\u0074a":{"x":1}}`, `{"x":1}`],
    [`{"x":{"data":1},"data":2}`, "2"],
    [` { "data" : null } `, "null"],
    [`{"data":"\\\\"}`, `"\\\\"`],
  ])("%s", (json, expected) => {
    expect(slices(json)).toEqual([expected]);
  });

  test("gives one span for each element of an array", () => {
    expect(slices(` [ {"data":1} , 5, {"x":[{"data":9}]}, {"data":[2]} ] `)).toEqual([
      "1",
      undefined,
      undefined,
      "[2]",
    ]);
    expect(slices("[]")).toEqual([]);
    expect(slices("{}")).toEqual([undefined]);
  });

  test("finds a name that is given twice, also when one is written with escapes", () => {
    expect(sliceMember(Buffer.from(`{"data":1,"d\\u0061ta":2}`), "data")).toEqual({ ok: false, duplicate: "data" });
    expect(sliceMember(Buffer.from(`[{"data":1},{"id":"a","id":"b"}]`), "data")).toEqual({
      ok: false,
      duplicate: "id",
      index: 1,
    });
  });

  test("cuts out of 3,000 random documents exactly what was put in", () => {
    for (let i = 0; i < 3_000; i++) {
      const data = randomJson(4).trim();
      const before = randomJson(2);
      const json = `{ "type" :${before}, "data":\n${data}\t,"id":${randomJson(1)}}`;
      JSON.parse(json);
      expect(slices(json)).toEqual([data]);
      expect(slices(json, "type")).toEqual([before.trim()]);
      expect(slices(`[${json},${json}]`)).toEqual([data, data]);
    }
  });
});

test("findDuplicateMember looks at every depth and not across objects", () => {
  expect(findDuplicateMember(Buffer.from(`{"a":{"b":1},"c":[{"b":1},{"b":"x:y"}]}`))).toBeUndefined();
  expect(findDuplicateMember(Buffer.from(`{"a":[{"b":1,"\\u0062" : 2}]}`))).toBe("b");
  expect(findDuplicateMember(Buffer.from(`{"a":["a","a"],"b":"a"}`))).toBeUndefined();
});

test("the bytes of one member of the root, and of no other place", () => {
  const of = (json: string) => {
    const bytes = memberBytes(Buffer.from(json), "data");
    return bytes && Buffer.from(bytes).toString();
  };
  expect(of('{"a": {"data": 1}, "data" : 9007199254740993 }')).toBe("9007199254740993");
  expect(of('{"a": {"data": 1}}')).toBeUndefined();
  expect(of('{"data": 1, "data": 2}')).toBeUndefined();
  expect(of("7")).toBeUndefined();
});
