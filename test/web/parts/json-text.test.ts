import { describe, expect, it } from "vitest";
import { prettyJson } from "../../../web/src/parts/json-text.js";

describe("JSON made readable", () => {
  it("has one member or element a line, as JSON.stringify has it", () => {
    const value = { a: [1, 2, { b: null }], empty: {}, none: [], text: 'x,{}[]:"\\' };
    expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    expect(prettyJson(JSON.stringify(value, null, "\t"))).toBe(JSON.stringify(value, null, 2));
  });

  it("changes no token: large numbers, members that come twice, escapes", () => {
    const text = '{"n":12345678901234567890.10,"n":1e400,"s":"\\u00e4\\/ \\" {"}';
    expect(prettyJson(text).replaceAll(/^ +|\n|(?<=:) /gm, "")).toBe(text);
  });

  it("takes what is no JSON: nothing is lost, and nothing fails", () => {
    for (const text of ['{"a":', "}}]]", '"open', "plain text"])
      expect(prettyJson(text).replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
  });

  it("takes 500 levels without a megabyte of blanks", () => {
    const deep = "[".repeat(500) + "1" + "]".repeat(500);
    expect(prettyJson(deep).replaceAll(/\s/g, "")).toBe(deep);
    expect(prettyJson(deep).length).toBeLessThan(100_000);
  });
});
