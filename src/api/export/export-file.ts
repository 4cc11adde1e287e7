/** A list as a file: JSON Lines, or CSV with a line of names. One place for its head, its lines and its cut. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { SECURITY_HEADERS } from "../http/security-headers.js";

/** Lines of one file at most. */
export const MOST_EXPORTED = 10_000;

export const exportFormat = z
  .enum(["jsonl", "csv"])
  .meta({ description: "One JSON object in each line, or CSV with a line of names" });
export type ExportFormat = z.output<typeof exportFormat>;

type Cell = string | number | undefined;
/** What a column has no value of is left out. */
export type ExportRow<Column extends string> = Partial<Record<Column, Cell>>;

/** A cell of a table (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe. */
export function csvCell(value: Cell): string {
  if (value === undefined || typeof value === "number") return String(value ?? "");
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

interface ExportOptions<Column extends string> {
  /** Plural, for the name of the file and for the line that says that it is cut. */
  what: string;
  format: ExportFormat;
  columns: readonly Column[];
  /** There is more than the file will hold. */
  cut: boolean;
}
interface ExportFile<Row> {
  /** Resolves once the client takes more, so that no page is read before the one before has left. */
  write(rows: readonly Row[]): Promise<void>;
  end(): void;
}

const TYPES: Readonly<Record<ExportFormat, string>> = { jsonl: "application/jsonl", csv: "text/csv; charset=utf-8" };

/** Writes the head of the answer, and the line of names. What is exported must be on record before. */
export async function beginExport<Column extends string>(
  response: ServerResponse,
  { what, format, columns, cut }: ExportOptions<Column>,
): Promise<ExportFile<ExportRow<Column>>> {
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    "content-type": TYPES[format],
    "content-disposition": `attachment; filename="${what.replaceAll(" ", "-")}.${format}"`,
    ...(cut && { "sealpost-export-cut": "true" }),
  });
  if (format === "csv") await writePart(response, `${columns.join(",")}\r\n`);
  const lineOf = (row: ExportRow<Column>): string =>
    format === "jsonl" ? `${JSON.stringify(row)}\n` : `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`;
  const notice = `There are more than ${MOST_EXPORTED} ${what}. Narrow the filter to get the others.`;
  const last = format === "jsonl" ? `${JSON.stringify({ cut: notice })}\n` : `${csvCell(notice)}\r\n`;
  return {
    write: (rows) => writePart(response, rows.map(lineOf).join("")),
    end: () => void response.end(cut ? last : ""),
  };
}

/** Resolves once the client takes more. */
async function writePart(response: ServerResponse, text: string): Promise<void> {
  if (text === "" || response.write(text)) return;
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  over.abort();
}
