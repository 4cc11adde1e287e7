/**
 * Retry-After (RFC 9110, 10.2.3), read in every form that servers send. The grammar has whole seconds and three forms
 * of a date. Real servers also send decimals, units, quotes, ISO 8601 dates, other time zones and the seconds since
 * 1970, or the milliseconds. Some send several header lines, which are joined by commas.
 */
import { DAY_MS } from "../workflows/durations.js";

const MIN_MS = 1_000;
const MAX_MS = DAY_MS;
/** Longer texts say nothing: an HTTP date has 29 characters, and a few may be joined. */
const MAX_TEXT = 512;

/**
 * How long to wait, in milliseconds from `now` (milliseconds since the epoch), between 1 s and 24 h. Of several values
 * the longest counts. Undefined where no value can be read, and for an instant that has passed or a negative number.
 * The schedule decides then.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.length > MAX_TEXT) return undefined;
  const waits = piecesOf(value).flatMap((piece) => waitOf(piece, now) ?? []);
  return waits.length === 0 ? undefined : Math.min(MAX_MS, Math.max(MIN_MS, ...waits));
}

/** The values of several header lines. A date is cut behind the name of its day, which decides nothing. */
const piecesOf = (text: string): string[] => text.split(",").map((part) => part.replaceAll(/["']/g, " ").trim());

const SECONDS = /^\+?(\d+(?:\.\d*)?|\.\d+)\s*(?:s|secs?|seconds?)?;?$/i;
/** A time since 1970 is no delay: 2017 and later, and within a year of now. */
const EPOCH_FROM_MS = 1_500_000_000_000;
const EPOCH_WITHIN_MS = 366 * MAX_MS;

function waitOf(text: string, now: number): number | undefined {
  const seconds = SECONDS.exec(text)?.[1];
  if (seconds === undefined) return untilInstant(instantOfDate(text, now), now);
  const number = Number(seconds);
  // In seconds, or in milliseconds.
  for (const instant of [number * 1_000, number])
    if (instant >= EPOCH_FROM_MS && Math.abs(instant - now) < EPOCH_WITHIN_MS) return untilInstant(instant, now);
  return number * 1_000;
}

const untilInstant = (instant: number | undefined, now: number): number | undefined =>
  instant === undefined || instant <= now ? undefined : instant - now;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const ZONE = String.raw`\s*(?:gmt|utc?|z|(?<sign>[+-])(?<zoneHours>\d{2}):?(?<zoneMinutes>\d{2}))?`;
const TIME = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.\d+)?)?`;
const DAY = String.raw`(?:[a-z]{3,9}\s+)?`;
const FORMS = [
  // IMF-fixdate and RFC 850: the same but for the hyphens and the digits of the year.
  new RegExp(
    String.raw`^${DAY}(?<day>\d{1,2})[ -](?<month>[a-z]{3})[a-z]*[ -](?<year>\d{4}|\d{2})\s+${TIME}${ZONE}$`,
    "i",
  ),
  // asctime.
  new RegExp(String.raw`^${DAY}(?<month>[a-z]{3})\s+(?<day>\d{1,2})\s+${TIME}${ZONE}\s+(?<year>\d{4})$`, "i"),
  // ISO 8601. Without a zone it is taken as UTC.
  new RegExp(String.raw`^(?<year>\d{4})-(?<number>\d{2})-(?<day>\d{2})(?:[t ]\s*${TIME}${ZONE})?$`, "i"),
];

/** Milliseconds since the epoch, of a date without the name of its day. Undefined for what is no date. */
export function instantOfDate(text: string, now: number): number | undefined {
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!parts) return undefined;
  const { month, number, day, hour, minute, second } = parts;
  const index = month === undefined ? Number(number) - 1 : MONTHS.indexOf(month.toLowerCase());
  const [hours, minutes, seconds] = [hour, minute, second].map((each) => Number(each ?? 0)) as [number, number, number];
  // Each form has a year.
  const at = Date.UTC(yearOf(parts["year"] as string, now), index, Number(day), hours, minutes);
  // Date.UTC rolls over what does not exist, such as 31 June, month 13 or 25 o'clock. A leap second may roll over.
  const exists = index >= 0 && index <= 11 && new Date(at).getUTCDate() === Number(day);
  return exists && minutes <= 59 && seconds <= 60 ? at + seconds * 1_000 - offsetOf(parts) : undefined;
}

/** A year of two digits is the one that lies at most 50 years ahead (RFC 9110, 5.6.7). */
function yearOf(text: string, now: number): number {
  if (text.length === 4) return Number(text);
  const present = new Date(now).getUTCFullYear();
  const year = present - (present % 100) + Number(text);
  return year > present + 50 ? year - 100 : year;
}

/** Milliseconds east of Greenwich. */
const offsetOf = ({ sign, zoneHours, zoneMinutes }: Readonly<Record<string, string | undefined>>): number =>
  (sign === "-" ? -1 : 1) * (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * 60_000;
