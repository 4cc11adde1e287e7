/** What a clock on the wall of a zone shows, as the field of a form has it: `2026-11-26T14:03:22`. */
import { fromDate, parseDateTime, toCalendarDateTime, toZoned } from "@internationalized/date";
import type { Zone } from "./format.js";

/** To the second. */
export const wallTimeOf = (at: Date, zone: Zone): string =>
  toCalendarDateTime(fromDate(at, zone)).toString().slice(0, 19);

/**
 * The instant at which the clock shows this. In the hour that comes twice in autumn it is the first of the two. In the
 * hour that is left out in spring it is the time after it. Undefined for what is no date.
 */
export function instantAt(text: string, zone: Zone): Date | undefined {
  try {
    return toZoned(parseDateTime(text), zone).toDate();
  } catch {
    return undefined;
  }
}

/**
 * The instant that a field means, as an address has it. A field that still shows what it was filled with means the
 * instant that it was filled with. Its text alone is cut to the second, and in autumn it may mean an hour before.
 */
export function writtenAt(text: string, before: string | undefined, zone: Zone): string {
  if (text === "") return "";
  const known = before === undefined ? undefined : new Date(before);
  if (before !== undefined && known && !Number.isNaN(known.getTime()) && wallTimeOf(known, zone) === text)
    return before;
  return instantAt(text, zone)?.toISOString() ?? "";
}
