/** The results as Markdown. */
import type { Comparison, RawRow, Results } from "./case.js";
import type { Latency, Row } from "./measure.js";
import type { Figures } from "./usage.js";

/** Up to four tables: throughput and cost, latency, figures under a burden, the raw loop. */
export function markdown({ raw, rows, comparisons }: Results): string {
  return [throughput(rows), latencies(rows), burdens(comparisons), limits(raw)].filter(Boolean).join("\n\n");
}

/** A Markdown table of these columns. Empty without lines. */
export function table(columns: string[], lines: string[][]): string {
  if (lines.length === 0) return "";
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map((_, index) => (index === 0 ? "---" : "---:"))), ...lines.map(line)].join(
    "\n",
  );
}

function throughput(rows: Row[]): string {
  const columns = [
    "case",
    "delivered/s",
    "accepted/s",
    "of raw loop",
    "CPU s per 1,000: service + Temporal + MongoDB",
    "of harness CPU",
    "peak MiB: service + Temporal + MongoDB",
    "lost",
    "doubled",
    "refused",
    "unrecorded",
  ];
  return table(
    columns,
    rows.map((row) => [
      row.name,
      whole(row.deliveredPerSecond),
      whole(row.acceptedPerSecond),
      row.ofRawLoop === undefined ? "" : `${(100 * row.ofRawLoop).toFixed(1)} %`,
      ours(row.cpuPerThousand, 2),
      Number.isNaN(row.cpuOfHarness) ? "–" : `${row.cpuOfHarness.toFixed(1)}×`,
      ours(row.peakMiB, 0),
      String(row.lost),
      String(row.doubled),
      refusals(row.refused),
      String(row.unrecorded),
    ]),
  );
}

function latencies(rows: Row[]): string {
  return table(
    ["case, ms p50 / p99", "acknowledged", "end to end", "slowest", "bare engine start"],
    rows.map((row) => [
      row.name,
      both(row.acknowledged),
      both(row.endToEnd),
      whole(row.slowestMs),
      row.engineStart ? both(row.engineStart) : "",
    ]),
  );
}

function burdens(comparisons: Comparison[]): string {
  return table(
    ["figure", "alone", "under the burden", "burdened ÷ alone"],
    comparisons.map(({ name, alone, burdened }) => [
      name,
      alone.toFixed(1),
      burdened.toFixed(1),
      (burdened / alone).toFixed(2),
    ]),
  );
}

function limits(rows: RawRow[]): string {
  return table(
    ["limit", "requests/s", "CPU s per 1,000 (generator + sink)"],
    rows.map((row) => [row.name, whole(row.perSecond), row.cpuPerThousand.toFixed(2)]),
  );
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-GB");
const both = ({ p50, p99 }: Latency): string => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
const ours = ({ service = 0, temporal = 0, mongodb = 0 }: Figures, digits: number): string =>
  [service, temporal, mongodb].map((value) => (Number.isNaN(value) ? "–" : value.toFixed(digits))).join(" + ");

function refusals(refused: Record<string, number>): string {
  return (
    Object.entries(refused)
      .map(([code, count]) => `${count} × ${code}`)
      .join(", ") || "0"
  );
}
