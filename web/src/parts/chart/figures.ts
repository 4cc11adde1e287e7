/** What a chart shows, and how its figures are read. */
import { formatDuration } from "../../time/format.js";
import { numberFormat } from "../../time/formatters.js";

export type ChartUnit = "count" | "milliseconds" | "percent";

/** A colour of the tokens. Each series has a pattern of its own too, so the colour never tells alone. */
export type ChartTone = "accent" | "good" | "warn" | "bad" | "acting" | "quiet";

export interface ChartSeries {
  key: string;
  label: string;
  /** One for each time of the chart. Null where there is nothing to tell. A share is from 0 to 1. */
  values: readonly (number | null)[];
  tone?: ChartTone;
  /** Of the whole time, where it is not the sum of the values. */
  whole?: number | undefined;
}

const TONES: readonly ChartTone[] = ["accent", "warn", "acting", "good", "bad", "quiet"];
/** Lengths of lines and gaps, in CSS pixels. The first one is a whole line. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [9, 3, 2, 3], [12, 4], [4, 2, 1, 2, 1, 2]];

export const toneOf = ({ tone }: ChartSeries, place: number): ChartTone =>
  tone ?? TONES[place % TONES.length] ?? "quiet";
export const dashOf = (place: number): readonly number[] => DASHES[place % DASHES.length] ?? [];

/** Whether there is nothing to draw. A count of nothing is nothing, but a share of 0 % says much. */
export const isBlank = (series: readonly ChartSeries[], unit: ChartUnit): boolean =>
  series.every(({ values }) => values.every((value) => value === null || (value === 0 && unit === "count")));

/** A figure as people read it. */
export function formatFigure(value: number, unit: ChartUnit, locale = "en-GB"): string {
  if (unit === "milliseconds") return formatDuration(value, locale);
  if (unit === "percent") return numberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(value);
  return numberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

/** Of the whole time: what the series says itself, else the sum of counts. Undefined where neither can be told. */
export function wholeOf({ whole, values }: ChartSeries, unit: ChartUnit): number | undefined {
  if (whole !== undefined || unit !== "count") return whole;
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** The share of the first in both, one for each time. Null where both are nothing. */
export const shareOf = (part: readonly number[], rest: readonly number[]): (number | null)[] =>
  part.map((value, at) => {
    const all = value + (rest[at] ?? 0);
    return all === 0 ? null : value / all;
  });

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

/** The point to which a key leads. Undefined for a key that leads nowhere. */
export function pointAfter(key: string, at: number | undefined, points: number): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return points - 1;
  const step = STEPS[key];
  if (step === undefined) return undefined;
  return Math.min(Math.max((at ?? points - 1) + step, 0), points - 1);
}

/** Places of values without a neighbour. No line leads to them, so they are drawn as points. */
export const aloneIn = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, at) => {
    const isAlone = (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
    return isAlone && (value ?? null) !== null ? [at] : [];
  });

/**
 * Corners of a line of this width and height, for the values from zero up. Nothing is drawn where there is no value.
 */
export function sparkPoints(values: readonly (number | null)[], width: number, height: number): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const step = values.length < 2 ? 0 : width / (values.length - 1);
  const corners = values.flatMap((value, at) =>
    value === null ? [] : [`${(at * step).toFixed(1)},${(height - (value / most) * height).toFixed(1)}`],
  );
  // A line of one corner is not drawn. One that ends where it begins is a dot, because its ends are round.
  return (corners.length === 1 ? [...corners, ...corners] : corners).join(" ");
}
