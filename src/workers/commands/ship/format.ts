/** How entries of the audit travel. */
import type { AuditEntry } from "../../../store/model.js";

/** `jsonl`: one entry in each line, and the head in the last line. */
export type ShipFormat = "jsonl";
export const CONTENT_TYPES: Readonly<Record<ShipFormat, string>> = { jsonl: "application/x-ndjson" };

/** An entry to a line, as the export has it, and behind them the head that they lead to. */
export function linesOf(entries: readonly AuditEntry[]): string {
  const last = entries.at(-1);
  const head = last && { head: { id: last.id, mac: last.mac } };
  return [...entries, ...(head ? [head] : [])].map((line) => `${JSON.stringify(line)}\n`).join("");
}

export const bodyOf = (_format: ShipFormat, entries: readonly AuditEntry[]): string => linesOf(entries);
