/** The window and the interval of a chart: which are allowed, and which one is taken. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";
import { ceilTo, DAYS, floorTo, HOURS, MINUTES, QUARTERS, type Tier } from "../../store/stats/tiers.js";

export const INTERVALS = ["1m", "5m", "15m", "1h", "6h", "1d"] as const;
export type Interval = (typeof INTERVALS)[number];

const OF_INTERVAL: Readonly<Record<Interval, { ms: number; tier: Tier }>> = {
  "1m": { ms: MINUTE_MS, tier: MINUTES },
  "5m": { ms: 5 * MINUTE_MS, tier: MINUTES },
  "15m": { ms: 15 * MINUTE_MS, tier: QUARTERS },
  "1h": { ms: HOUR_MS, tier: HOURS },
  "6h": { ms: 6 * HOUR_MS, tier: HOURS },
  "1d": { ms: DAY_MS, tier: DAYS },
};
export const MOST_POINTS = 1_000;
export const LONGEST_DAYS = 90;

export interface Window {
  interval: Interval;
  tier: Tier;
  intervalMs: number;
  /** Milliseconds since the epoch, whole intervals in UTC. */
  from: number;
  to: number;
  /** No interval was asked for, and the smallest one would have been too small for this window. */
  widened: boolean;
}
/** What is wrong with a window, in words, by the parameter that is wrong. */
export interface WindowRefusal {
  refused: string;
  path: "since" | "interval";
}
export interface AskedWindow {
  /** ISO 8601. 24 hours before `until` when absent. */
  since?: string | undefined;
  /** Now when absent. */
  until?: string | undefined;
  interval?: Interval | undefined;
}

/** The window in whole intervals, up to now at most. */
export function windowOf({ since, until, interval }: AskedWindow, now: Date): Window | WindowRefusal {
  const to = Math.min(until === undefined ? Infinity : Date.parse(until), now.getTime());
  const from = since === undefined ? to - DAY_MS : Date.parse(since);
  if (from >= to) return { path: "since", refused: "must be before `until`, and not in the future" };
  if (to - from > LONGEST_DAYS * DAY_MS + HOUR_MS)
    return { path: "since", refused: `must be at most ${LONGEST_DAYS} days before \`until\`` };
  const works = INTERVALS.filter((each) => fits(each, { from, to, now: now.getTime() }));
  const [smallest] = works;
  if (!smallest) return { path: "since", refused: `must not be older than ${DAYS.keptMs / DAY_MS} days` };
  if (interval !== undefined && !works.includes(interval))
    return { path: "interval", refused: wordsFor(interval, smallest) };
  const taken = interval ?? smallest;
  const { ms, tier } = OF_INTERVAL[taken];
  return {
    interval: taken,
    tier,
    intervalMs: ms,
    from: floorTo(from, ms),
    to: ceilTo(to, ms),
    widened: interval === undefined && taken !== INTERVALS[0],
  };
}

function fits(interval: Interval, { from, to, now }: { from: number; to: number; now: number }): boolean {
  const { ms, tier } = OF_INTERVAL[interval];
  return (
    (ceilTo(to, ms) - floorTo(from, ms)) / ms <= MOST_POINTS && floorTo(from, ms) >= floorTo(now - tier.keptMs, ms)
  );
}

function wordsFor(interval: Interval, smallest: Interval): string {
  const { ms, tier } = OF_INTERVAL[interval];
  const longest = Math.min(MOST_POINTS * ms, tier.keptMs);
  return (
    `must be at least ${smallest} for this window. With ${interval} the longest window is ` +
    `${Math.floor(longest / HOUR_MS)} hours, and it must not begin more than ${tier.keptMs / DAY_MS} days ago`
  );
}

/** The beginning of each interval. */
export const timesOf = ({ from, to, intervalMs }: Pick<Window, "from" | "to" | "intervalMs">): number[] =>
  Array.from({ length: Math.round((to - from) / intervalMs) }, (_, index) => from + index * intervalMs);
