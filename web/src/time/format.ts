/** Times and lengths of time as people read them. */
import { dateTimeFormat, numberFormat, relativeTimeFormat } from "./formatters.js";

export const DAY_MS = 86_400_000;

/** The reader's own zone, `UTC`, or a name of the IANA database. */
export type Zone = string;

export const localZone = (): Zone => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Whether the browser knows the zone. */
export function isZone(name: string): boolean {
  try {
    dateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** 26 Nov 2026, 14:03:22 UTC+1: the offset stands beside every time, because a zone's name does not say it. */
export function formatTime(at: Date | string, zone: Zone, locale = "en-GB"): string {
  const format = dateTimeFormat(locale, {
    timeZone: zone,
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "shortOffset",
  });
  return format.format(new Date(at)).replace(/\bGMT(\+0(?![0-9:]))?/, "UTC");
}

const STEPS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "3 min ago" or "in 4 min", cut to the unit below. */
export function formatRelative(at: Date | string, now: number, locale = "en-GB"): string {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  const [unit, length] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return relativeTimeFormat(locale, { style: "short", numeric: "auto" }).format(Math.trunc(seconds / length), unit);
}

/** 12 ms, 1.2 s, 2 min. */
export function formatDuration(milliseconds: number, locale = "en-GB"): string {
  const shown = (value: number, unit: string, digits: number): string =>
    numberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  if (milliseconds < 1_000) return shown(milliseconds, "millisecond", 0);
  if (milliseconds < 60_000) return shown(milliseconds / 1_000, "second", 1);
  return shown(milliseconds / 60_000, "minute", 1);
}
