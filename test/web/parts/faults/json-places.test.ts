import { describe, expect, it } from "vitest";
import { placesIn } from "../../../../web/src/parts/faults/json-places.js";

const lineOf = (text: string, pointer: string): string => {
  const at = placesIn(text, [pointer]).get(pointer) ?? expect.fail("no place");
  const from = text.lastIndexOf("\n", at - 1) + 1;
  return text.slice(from, text.indexOf("\n", at) === -1 ? undefined : text.indexOf("\n", at)).trim();
};

describe("the place of a JSON pointer", () => {
  const value = { a: { "x/y": 1, "~": [{ b: "]}" }, { b: '"' }] }, list: [[], {}, ["k"]], last: null };
  const text = JSON.stringify(value, null, 2);

  it.each([
    ["", "{"],
    ["/a", '"a": {'],
    ["/a/x~1y", '"x/y": 1,'],
    ["/a/~0", '"~": ['],
    ["/a/~0/1/b", String.raw`"b": "\""`],
    ["/list/1", "{},"],
    ["/list/2/0", '"k"'],
    ["/last", '"last": null'],
    // What is not there: the nearest above it.
    ["/a/none", '"a": {'],
    ["/list/7", '"list": ['],
    ["/last/deeper", '"last": null'],
  ])("%s", (pointer, line) => {
    expect(lineOf(text, pointer)).toBe(line);
  });

  it("finds many at once, in text without spaces too, as JSON.parse understands names", () => {
    const compact = String.raw`{"a":[1,2],"\u0062":{"c":true}}`;
    const places = placesIn(compact, ["/a/1", "/b/c", "/b"]);
    expect([...places]).toEqual([
      ["/a/1", compact.indexOf("2]")],
      ["/b/c", compact.indexOf('"c"')],
      ["/b", compact.indexOf(String.raw`"\u0062"`)],
    ]);
  });

  it("of two members with one name it is the last, which JSON.parse takes", () => {
    expect(placesIn(`{"a":1,"a":2}`, ["/a"]).get("/a")).toBe(7);
  });

  it("takes what is no JSON, and nesting that no stack could follow", () => {
    for (const broken of ["", "{", '{"a"', '{"a":', "[1,", "}", '{"a" 1}', "[[[", '{"a":1]', ":", "{:}", "[,]", "{,,}"])
      expect(placesIn(broken, ["/a", "/0/0", ""]).size, broken).toBe(3);
    const deep = `{"deep":${"[".repeat(200_000)}${"]".repeat(200_000)},"a":1}`;
    expect(placesIn(deep, ["/a"]).get("/a")).toBe(deep.indexOf('"a"'));
  });
});
