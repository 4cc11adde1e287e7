/** The head, the lines and the end of a file, and what a spreadsheet makes of a cell. */
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { beginExport, csvCell } from "../../../src/api/export/export-file.js";

interface Row {
  id: string;
  count?: number;
}

/** What a client gets of a file with these rows. */
async function answerOf(format: "jsonl" | "csv", { cut, rows }: { cut: boolean; rows: readonly Row[] }) {
  const server = createServer((_request, response) => {
    void (async () => {
      const columns = ["id", "count"] as const;
      const file = await beginExport(response, { what: "rows", format, columns, cut });
      for (const row of rows) await file.write([row]);
      file.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const answer = await fetch(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
  return { headers: answer.headers, text: await answer.text() };
}

describe("a file", () => {
  it("has one object in each line, and its name", async () => {
    const { headers, text } = await answerOf("jsonl", { cut: false, rows: [{ id: "a", count: 1 }, { id: "b" }] });
    expect(text).toBe('{"id":"a","count":1}\n{"id":"b"}\n');
    expect(headers.get("content-type")).toBe("application/jsonl");
    expect(headers.get("content-disposition")).toBe('attachment; filename="rows.jsonl"');
    expect(headers.has("sealpost-export-cut")).toBe(false);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });
  it("has the names first as a table, and says in its last line that it is cut", async () => {
    const { headers, text } = await answerOf("csv", { cut: true, rows: [{ id: "=a", count: 1 }, { id: "b" }] });
    expect(text.split("\r\n")).toEqual([
      "id,count",
      "'=a,1",
      "b,",
      "There are more than 10000 rows. Narrow the filter to get the others.",
      "",
    ]);
    expect(headers.get("sealpost-export-cut")).toBe("true");
  });
  it("holds more than the connection takes at once", async () => {
    const rows = Array.from({ length: 300 }, (_, n) => ({ id: `${n}-${"x".repeat(10_000)}` }));
    const { text } = await answerOf("jsonl", { cut: false, rows });
    expect(text.trimEnd().split("\n")).toHaveLength(300);
  });
});

describe("a cell", () => {
  it.each([
    ["plain", "plain"],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["\r=1", `"'\r=1"`],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["=a,b", `"'=a,b"`],
    [-5, "-5"],
    [undefined, ""],
  ])("%j is %s", (value, cell) => expect(csvCell(value)).toBe(cell));
});
