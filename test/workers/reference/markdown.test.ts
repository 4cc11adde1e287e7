import { expect, it } from "vitest";
import { code, codes, markdownTable } from "../../../src/workers/reference/markdown.js";

it("a table has a header, a line and its rows", () => {
  expect(markdownTable(["a", "b"], [["1", "2"]])).toBe("| a | b |\n| --- | --- |\n| 1 | 2 |\n");
});

it("what would end a cell or a row is escaped", () => {
  expect(markdownTable(["a"], [["x | y\n  z"]])).toBe("| a |\n| --- |\n| x \\| y z |\n");
});

it("names are set as code", () => {
  expect([code("x"), codes(["x", "y"]), codes([])]).toEqual(["`x`", "`x`, `y`", ""]);
});
