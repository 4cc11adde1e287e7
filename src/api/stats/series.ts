/** Counts put together to the lines of a chart. */
import { outcomeLabel } from "../deliveries/outcome-labels.js";
import { OUTCOMES } from "../../endpoint/outcomes.js";
import { type Cell, countsOf, percentile } from "../../store/stats/cells.js";
import type { CountedSlot } from "../../store/stats/stats-store.js";
import { OTHER_TYPES } from "../../store/stats/gatherer.js";
import type { Window } from "./window.js";

export const METRICS = ["deliveries", "attempts", "latency"] as const;
export type Metric = (typeof METRICS)[number];
export const GROUPINGS = ["status", "outcome", "fault", "httpStatus", "subscription", "group", "eventType"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What each metric can be told apart by, beside the object that it concerns. */
const OWN_GROUPINGS: Readonly<Record<Metric, readonly Grouping[]>> = {
  deliveries: ["status"],
  attempts: ["outcome", "fault", "httpStatus"],
  latency: [],
};
const OBJECTS: readonly Grouping[] = ["subscription", "group", "eventType"];
export const groupingsOf = (metric: Metric): readonly Grouping[] => [...OWN_GROUPINGS[metric], ...OBJECTS];

/** Lines of a chart. What is beyond these is one line, `other`. */
export const MOST_SERIES = 20;
const ALL = "all";
const OTHER = "other";
/** The attempts that no HTTP status answered. */
const NO_ANSWER = "none";

export interface Series {
  key: string;
  /** Words for an outcome. */
  label?: string;
  values?: number[];
  p50?: (number | null)[];
  p95?: (number | null)[];
  total: number;
  p50Ms?: number;
  p95Ms?: number;
}

export interface SeriesOrder {
  metric: Metric;
  groupBy?: Grouping | undefined;
  window: Pick<Window, "from" | "to" | "intervalMs">;
  /** The group that a subscription belongs to. */
  groupOf: (subscriptionId: string) => string | undefined;
}

/** Takes counts slot by slot, and gives the lines in the end: the largest first, at most 20 and the rest. */
export function createSeries(order: SeriesOrder): { take(slot: CountedSlot): void; series(): Series[] } {
  const { metric, window } = order;
  const points = Math.round((window.to - window.from) / window.intervalMs);
  const lines = new Map<string, Line>();
  const lineOf = (key: string): Line => {
    const line = lines.get(key) ?? newLine(points);
    lines.set(key, line);
    return line;
  };
  return {
    take(slot) {
      const point = Math.floor((slot.at - window.from) / window.intervalMs);
      if (point < 0 || point >= points) return;
      for (const [key, count, bucket] of partsOf(order, slot)) addTo(lineOf(key), { point, count, bucket });
    },
    series() {
      if (lines.size === 0 && order.groupBy === undefined) lines.set(ALL, newLine(points));
      const sorted = [...lines].sort(([a, x], [b, y]) => y.total - x.total || (a < b ? -1 : 1));
      const named = sorted.filter(([key]) => key !== OTHER);
      const rest = [...sorted.filter(([key]) => key === OTHER), ...named.slice(MOST_SERIES)].map(([, line]) => line);
      const shown = named.slice(0, MOST_SERIES);
      if (rest.length > 0) shown.push([OTHER, joined(rest, points)]);
      return shown.map(([key, line]) => ({ ...labelOf(order, key), ...shownAs(metric, key, line) }));
    },
  };
}

interface Line {
  total: number;
  values: number[];
  /** Of durations, by point. Empty where the metric is none. */
  buckets: Map<number, Map<number, number>>;
}
const newLine = (points: number): Line => ({ total: 0, values: new Array<number>(points).fill(0), buckets: new Map() });

interface Part {
  point: number;
  count: number;
  bucket?: number | undefined;
}
function addTo(line: Line, { point, count, bucket }: Part): void {
  line.total += count;
  line.values[point] = (line.values[point] ?? 0) + count;
  if (bucket === undefined) return;
  const buckets = line.buckets.get(point) ?? new Map<number, number>();
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  line.buckets.set(point, buckets);
}

function joined(lines: readonly Line[], points: number): Line {
  const sum = newLine(points);
  for (const { values, buckets } of lines) {
    values.forEach((count, point) => {
      if (count > 0 && !buckets.has(point)) addTo(sum, { point, count });
    });
    for (const [point, of] of buckets) for (const [bucket, count] of of) addTo(sum, { point, count, bucket });
  }
  return sum;
}

/** Key, count and, of durations, the bucket. */
function* partsOf(order: SeriesOrder, slot: CountedSlot): Generator<[string, number, number?]> {
  const { metric, groupBy } = order;
  const { cell } = slot;
  if (metric === "latency") {
    const key = objectKey(order, slot);
    for (const [bucket, count] of countsOf(cell, "h")) yield [key, count, Number(bucket)];
  } else if (groupBy === "httpStatus") {
    yield* byHttpStatus(cell);
  } else {
    for (const [name, count] of countsOf(cell, metric === "deliveries" ? "d" : "a")) {
      if (groupBy === "status" || groupBy === "outcome") yield [name, count];
      else yield [groupBy === "fault" ? faultOf(name) : objectKey(order, slot), count];
    }
  }
}

function* byHttpStatus(cell: Cell): Generator<[string, number]> {
  let unanswered = 0;
  for (const [, count] of countsOf(cell, "a")) unanswered += count;
  for (const [status, count] of countsOf(cell, "s")) {
    unanswered -= count;
    yield [status, count];
  }
  if (unanswered > 0) yield [NO_ANSWER, unanswered];
}

function labelOf({ groupBy }: SeriesOrder, key: string): { label?: string } {
  const label = groupBy === "outcome" ? outcomeLabel(key) : undefined;
  return label === undefined ? {} : { label };
}

/** Whose fault an outcome is. One that a later release counted is not known here. */
function faultOf(code: string): string {
  return new Map<string, { fault: string }>(Object.entries(OUTCOMES)).get(code)?.fault ?? OTHER;
}

function objectKey({ groupBy, groupOf }: SeriesOrder, { scope, eventType }: CountedSlot): string {
  if (groupBy === "eventType") return eventType === OTHER_TYPES ? OTHER : eventType;
  const id = scope.slice(scope.indexOf("/") + 1);
  if (groupBy === "subscription") return id;
  return groupBy === "group" ? (groupOf(id) ?? OTHER) : ALL;
}

function shownAs(metric: Metric, key: string, { total, values, buckets }: Line): Series {
  if (metric !== "latency") return { key, values, total };
  const at = (percent: number) =>
    values.map((_, point) => percentile(buckets.get(point) ?? new Map<number, number>(), percent) ?? null);
  const all = new Map<number, number>();
  for (const each of buckets.values())
    for (const [bucket, count] of each) all.set(bucket, (all.get(bucket) ?? 0) + count);
  const [p50Ms, p95Ms] = [percentile(all, 50), percentile(all, 95)];
  return {
    key,
    p50: at(50),
    p95: at(95),
    total,
    ...(p50Ms !== undefined && { p50Ms }),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}
