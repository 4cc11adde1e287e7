/**
 * How long an endpoint asks to be left alone. Most say it by Retry-After. Many gateways and APIs say only when their
 * window ends, in the headers of rate limits: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 * (`RateLimit-Reset` until draft 06, `RateLimit` since), and the `X-RateLimit-…` before it.
 */
import { DAY_MS } from "../../workflows/durations.js";
import { instantOfDate, parseRetryAfter } from "../retry-after.js";

type Headers = Readonly<Record<string, string>>;
interface AnswerHead {
  status: number;
  /** By name in lower case. */
  headers: Headers;
}

/**
 * Statuses that may mean a limit or a clash of the moment, and mean it where the answer says when to come again. GitHub
 * has 403, Shopify 430, and RFC 9110 (15.5.14) 413. What any other refusal says of a time says nothing.
 */
export const LATER_IF_SAID: ReadonlySet<number> = new Set([403, 409, 413, 424, 430]);
/** They mean a limit by themselves, so the end of a window is when to come again. 420 is an earlier form of 429. */
const LIMITED: ReadonlySet<number> = new Set([420, 429, 503]);

/**
 * Milliseconds from `ourNow` (milliseconds since the epoch), between 1 s and 24 h. An instant is read by the clock of
 * the server that named it. Undefined where the answer says nothing that can be read.
 */
export function askedWait({ status, headers }: AnswerHead, ourNow: number): number | undefined {
  const now = clockOf(headers, ourNow);
  return (
    parseRetryAfter(headers["retry-after"], now) ??
    longestOf(IN_MILLISECONDS.map((name) => ofMilliseconds(headers[name], now))) ??
    (LIMITED.has(status) || LATER_IF_SAID.has(status) ? untilReset(headers, LIMITED.has(status), now) : undefined)
  );
}

/** A date has whole seconds, and an answer may have been under way for a few. */
const SAME_CLOCK_MS = 5_000;

/**
 * What the clock of the server showed: its `Date`, and for how long a cache had the answer (RFC 9110, 6.6.1, RFC 9111,
 * 5.1). Our own time where the two are about the same, or so far apart that the date is most likely a made-up one.
 */
function clockOf(headers: Headers, ourNow: number): number {
  const said = headers["date"];
  if (said === undefined) return ourNow;
  const date = instantOfDate(said.slice(0, MAX_DATE).replace(/.*,/s, "").trim(), ourNow);
  if (date === undefined) return ourNow;
  const theirs = date + Number(/^\s*\d{1,9}\s*$/.exec(headers["age"] ?? "")?.[0] ?? 0) * 1_000;
  const apart = Math.abs(theirs - ourNow);
  return apart > SAME_CLOCK_MS && apart <= DAY_MS ? theirs : ourNow;
}
const MAX_DATE = 64;

/** Azure's services. */
const IN_MILLISECONDS = ["retry-after-ms", "x-ms-retry-after-ms"];
const ofMilliseconds = (value: string | undefined, now: number): number | undefined =>
  value !== undefined && /^\s*\d{1,15}(?:\.\d{0,9})?\s*$/.test(value)
    ? parseRetryAfter(String(Number(value) / 1_000), now)
    : undefined;

/** A window that a server tells of. */
interface RateWindow {
  /** Requests that are left in it. Undefined where the server does not say. */
  remaining: number | undefined;
  reset: string | undefined;
}

/** Pairs of headers: how many requests are left, and when there are more. */
const PAIRS: readonly (readonly [remaining: string, reset: string])[] = [
  ["ratelimit-remaining", "ratelimit-reset"],
  ["x-ratelimit-remaining", "x-ratelimit-reset"],
  // Discord gives it beside the other.
  ["x-ratelimit-remaining", "x-ratelimit-reset-after"],
  ["x-ratelimit-remaining", "x-ratelimit-retry-after"],
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-rate-limit-remaining", "x-rate-limit-reset"],
];

/**
 * The end of the window that is used up, the last one of several. These headers come with every answer of some servers.
 * So a window with requests left says nothing, and a status that does not mean a limit needs one without.
 */
function untilReset(headers: Headers, byItself: boolean, now: number): number | undefined {
  const windows: RateWindow[] = [
    ...windowsOf(headers["ratelimit"] ?? ""),
    ...PAIRS.map(([remaining, reset]) => ({ remaining: countOf(headers[remaining]), reset: headers[reset] })),
  ];
  return longestOf(
    windows
      .filter(({ remaining }) => (remaining === undefined ? byItself : remaining <= 0))
      .map(({ reset }) => waitUntil(reset, now)),
  );
}

/** `"burst";r=0;t=30, "day";r=7;t=9000` since draft 08, and `limit=10, remaining=0, reset=30` before. */
function windowsOf(field: string): RateWindow[] {
  if (field.length > MAX_FIELD) return [];
  const earlier = membersOf(field, ",");
  if (earlier.has("reset")) return [{ remaining: countOf(earlier.get("remaining")), reset: earlier.get("reset") }];
  return field.split(",").map((item) => {
    const members = membersOf(item, ";");
    return { remaining: countOf(members.get("r")), reset: members.get("t") };
  });
}
const MAX_FIELD = 512;

const membersOf = (text: string, separator: string): Map<string, string> =>
  new Map(
    text.split(separator).flatMap((part) => {
      const [name, value] = part.split("=") as [string, string?];
      return value === undefined ? [] : [[name.trim().toLowerCase(), value] as const];
    }),
  );

/** Envoy and others put the window behind it: `0;w=60`. */
const countOf = (value: string | undefined): number | undefined => {
  const digits = /^\s*"?(-?\d{1,15})(?!\d)/.exec(value ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Seconds, an instant in each form that Retry-After is read in, or Go's duration (`1m30s`), which OpenAI sends. */
function waitUntil(value: string | undefined, now: number): number | undefined {
  const text = (value ?? "").replace(/;.*/s, "").trim();
  return parseRetryAfter(text, now) ?? ofDuration(text, now);
}

const DURATION = /^(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/;
type Four = [number, number, number, number];
function ofDuration(text: string, now: number): number | undefined {
  if (text === "") return undefined;
  const parts = DURATION.exec(text);
  if (!parts) return undefined;
  const [hours, minutes, seconds, milliseconds] = parts.slice(1).map((part) => Number(part ?? 0)) as Four;
  return parseRetryAfter((hours * 3_600 + minutes * 60 + seconds + milliseconds / 1_000).toFixed(3), now);
}

const longestOf = (waits: readonly (number | undefined)[]): number | undefined => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};
