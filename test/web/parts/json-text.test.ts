import { describe, expect, it, onTestFinished, vi } from "vitest";
import { preparePretty, prettyJson } from "../../../web/src/parts/json-text.js";

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

  it("takes 100,000 members, in parts of which none is long", () => {
    const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n % 7 === 0 ? "👍" : n]));
    const made = vi.spyOn(String, "fromCharCode");
    onTestFinished(() => made.mockRestore());
    const text = prettyJson(JSON.stringify(value));
    const parts = made.mock.calls.map(({ length }) => length);
    made.mockRestore();
    expect(text === JSON.stringify(value, null, 2)).toBe(true);
    expect(Math.max(...parts)).toBeLessThanOrEqual(8_192);
    expect(parts).toHaveLength(Math.ceil(text.length / 8_192));
  });

  it("keeps half a pair of surrogates as it is", () => {
    expect(prettyJson('["\ud83d","👍"]')).toBe('[\n  "\ud83d",\n  "👍"\n]');
  });

  it("is prepared in slices of 64 KiB, between which the page has its turn", async () => {
    const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`m${n}`, n]));
    const text = JSON.stringify(value);
    let pauses = 0;
    await preparePretty(text, () => Promise.resolve(void pauses++));
    expect(pauses).toBe(Math.ceil(text.length / 65_536) - 1);
    const made = vi.spyOn(String, "fromCharCode");
    onTestFinished(() => made.mockRestore());
    const pretty = prettyJson(text);
    expect(made, "nothing is left to do").not.toHaveBeenCalled();
    made.mockRestore();
    expect(pretty === JSON.stringify(value, null, 2)).toBe(true);
    await preparePretty("[1]", () => Promise.reject(new Error("a short text needs no break")));
    expect(prettyJson("[1]")).toBe("[\n  1\n]");
  });
});
