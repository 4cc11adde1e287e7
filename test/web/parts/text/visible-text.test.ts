import { describe, expect, it } from "vitest";
import { hexRows, piecesOf, rowsAt, rowsOf } from "../../../../web/src/parts/text/visible-text.js";

describe("text of others", () => {
  it.each([
    ["\u0000", "U+0000"],
    ["\u001b", "U+001B"],
    ["\u202e", "U+202E"],
    ["\u2066", "U+2066"],
    ["\u200b", "U+200B"],
    ["\ufeff", "U+FEFF"],
    ["\u{e0041}", "U+E0041"],
  ])("names %j", (character, name) => {
    expect(piecesOf(`a${character}b`)).toEqual([{ text: "a" }, { text: name, hidden: true }, { text: "b" }]);
  });

  it("leaves what can be seen: letters of all scripts, emoji, tab", () => {
    for (const text of ["Straße", "日本語", "مرحبا", "👍", "a\tb", ""]) expect(piecesOf(text)).toEqual([{ text }]);
  });

  it("bounds its rows and loses nothing", () => {
    const line = "x".repeat(999) + "👍".repeat(3_000);
    const rows = rowsOf(`first\r\n${line}\n\nlast`);
    expect(rows.every((row) => row.length <= 1_200)).toBe(true);
    expect(rows.join("")).toBe(`first${line}last`);
    expect(rows.some((row) => /[\ud800-\udbff]$|^[\udc00-\udfff]/.test(row))).toBe(false);
    expect(rows.at(-2)).toBe("");
  });

  it("tells in which row a character stands, over every kind of line end", () => {
    const text = `a\r\nb\n\n${"x".repeat(1_500)}\rlast`;
    const rows = rowsOf(text);
    expect(rowsAt(text, rows, [0, 1, text.indexOf("b"), text.indexOf("x"), text.lastIndexOf("x")])).toEqual([
      0, 0, 1, 3, 4,
    ]);
    expect(rows[rowsAt(text, rows, [text.indexOf("last")])[0] ?? -1]).toBe("last");
    expect(rowsAt(text, rows, [text.indexOf("\rlast")]), "a line end belongs to its line").toEqual([4]);
    expect(rowsAt("", rowsOf(""), [0])).toEqual([0]);
  });

  it("shows bytes sixteen a row", () => {
    expect(hexRows(new TextEncoder().encode("Sealpost 0123456ä"))).toEqual([
      "000000  53 65 61 6c 70 6f 73 74 20 30 31 32 33 34 35 36  Sealpost 0123456",
      "000010  c3 a4                                            ··",
    ]);
  });

  it("shows every byte, in as many rows as it takes", () => {
    const bytes = Uint8Array.from({ length: 65_536 + 1 }, (_, at) => at % 256);
    const rows = hexRows(bytes);
    expect(rows).toHaveLength(4_097);
    expect(rows[15]).toBe("0000f0  f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff  ················");
    expect(rows.at(-1)).toBe("010000  00                                               ·");
    expect(hexRows(new Uint8Array())).toEqual([]);
  });
});
