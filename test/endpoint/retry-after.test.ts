import { expect, test } from "vitest";
import { parseRetryAfter } from "../../src/endpoint/retry-after.js";

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);
const TWO_HOURS = 7_200_000;
const DAY = 86_400_000;

test.each<[string, number]>([
  ["1", 1_000],
  ["120", 120_000],
  ["0", 1_000],
  ["86400", DAY],
  ["86401", DAY],
  ["99999999999", DAY],
  ["9".repeat(400), DAY],
  ["2147483647", DAY],
  [" 30 ", 30_000],
  ["\t30", 30_000],
  ["+5", 5_000],
  ["007", 7_000],
  ["1.5", 1_500],
  ["120.0", 120_000],
  ["0.2", 1_000],
  [".5", 1_000],
  [".25", 1_000],
  ["2.", 2_000],
  ["12 s", 12_000],
  ["12s", 12_000],
  ["12 seconds", 12_000],
  ["1 second", 1_000],
  ["5 secs", 5_000],
  ["1 sec;", 1_000],
  ['"120"', 120_000],
  ["'120'", 120_000],
  [String(NOW / 1_000 + 7_200), TWO_HOURS],
  [String(NOW + TWO_HOURS), TWO_HOURS],
])("the seconds %j are %j ms", (value, expected) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
});

test.each([
  new Date(NOW + TWO_HOURS).toUTCString(),
  "Tuesday, 24-Nov-26 14:00:00 GMT",
  "Tue Nov 24 14:00:00 2026",
  '"Tue, 24 Nov 2026 14:00:00 GMT"',
  "tue, 24 nov 2026 14:00:00 gmt",
  "Tue, 24 Nov 2026 14:00:00 UTC",
  "Tue, 24 Nov 2026 14:00:00 +0000",
  "Tue, 24 Nov 2026 15:30:00 +0130",
  "Tue, 24 Nov 2026 14:00:00",
  "24 Nov 2026 14:00:00 GMT",
  "Tue, 24-Nov-2026 14:00:00 GMT",
  "2026-11-24T14:00:00Z",
  "2026-11-24T14:00:00.000Z",
  "2026-11-24T09:00:00-05:00",
  "2026-11-24T14:00:00",
  "2026-11-24 14:00:00",
  "2026-11-24t14:00z",
  "2026-11-24T16:00:00+0200",
])("the date %j is two hours", (value) => {
  expect(parseRetryAfter(value, NOW)).toBe(TWO_HOURS);
});

test.each(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])(
  "%s is a month",
  (month) => {
    const index = new Date(`10 ${month} 2027 UTC`).getUTCMonth();
    const now = Date.UTC(2027, index, 10, 11, 0, 0);
    expect(parseRetryAfter(`10 ${month} 2027 13:00:00 GMT`, now)).toBe(TWO_HOURS);
  },
);

test("a leap second is read, wherever it stands", () => {
  expect(parseRetryAfter("Tue, 24 Nov 2026 13:59:60 GMT", NOW)).toBe(TWO_HOURS);
  const now = Date.UTC(2026, 11, 31, 22, 0, 0);
  expect(parseRetryAfter("Thu, 31 Dec 2026 23:59:60 GMT", now)).toBe(TWO_HOURS);
});

test("a number is a time since 1970 if it lies within a year of now, and a delay otherwise", () => {
  const yearAgo = NOW / 1_000 - 366 * 86_400;
  expect(parseRetryAfter(String(yearAgo), NOW)).toBe(DAY);
  expect(parseRetryAfter(String(yearAgo + 1), NOW)).toBeUndefined();
  // By a clock that was never set, each delay is such a time.
  expect(parseRetryAfter("50", 100_000)).toBe(50_000);
  expect(parseRetryAfter("1500000000", 1_500_000_000_000 - TWO_HOURS)).toBe(TWO_HOURS);
});

test("a text of 512 characters is read, and a longer one is not", () => {
  expect(parseRetryAfter("30".padStart(512), NOW)).toBe(30_000);
  expect(parseRetryAfter("30".padStart(513), NOW)).toBeUndefined();
});

test(
  "days below ten are written with a space, a zero or neither; a date far ahead is 24 h, one " + "just ahead a second",
  () => {
    const now = Date.UTC(2026, 11, 1, 12, 0, 0);
    for (const value of [
      "Wed Dec  2 11:00:00 2026",
      "Wed Dec 02 11:00:00 2026",
      "Wed Dec 2 11:00:00 2026",
      "Wed, 2 Dec 2026 11:00:00 GMT",
    ])
      expect(parseRetryAfter(value, now)).toBe(23 * 3_600_000);
    expect(parseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", NOW)).toBe(DAY);
    expect(parseRetryAfter("Tue, 24 Nov 2026 12:00:01 GMT", NOW)).toBe(1_000);
  },
);

test("a year of two digits lies at most 50 years ahead, and one behind has passed (RFC 9110, 5.6.7)", () => {
  expect(parseRetryAfter("Friday, 01-Jan-76 00:00:00 GMT", NOW)).toBe(DAY);
  expect(parseRetryAfter("Friday, 01-Jan-77 00:00:00 GMT", NOW)).toBeUndefined();
  expect(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", NOW)).toBeUndefined();
});

test("of several header lines the longest wait counts, and what cannot be read does not", () => {
  expect(parseRetryAfter("5, 60", NOW)).toBe(60_000);
  expect(parseRetryAfter("60, 5, soon", NOW)).toBe(60_000);
  expect(parseRetryAfter("30, Tue, 24 Nov 2026 14:00:00 GMT", NOW)).toBe(TWO_HOURS);
  expect(parseRetryAfter("Tue, 24 Nov 2026 12:00:05 GMT, Tuesday, 24-Nov-26 14:00:00 GMT, 7", NOW)).toBe(TWO_HOURS);
  expect(parseRetryAfter("-1, 9", NOW)).toBe(9_000);
});

test.each([
  "-1",
  "soon",
  "1e309",
  "1e3",
  "",
  " ",
  ",",
  "0x10",
  "NaN",
  "Infinity",
  "--5",
  "1.2.3",
  "1'2",
  "5 minutes",
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Tue, 99 Nov 2026 14:00:00 GMT",
  "Tue, 31 Jun 2027 14:00:00 GMT",
  "Tue, 24 Foo 2026 14:00:00 GMT",
  "Wed, 24 Foo 2027 14:00:00 GMT",
  "Tue, 24 Nov 2026 24:00:00 GMT",
  "Tue, 24 Nov 2026 25:00:00 GMT",
  "Tue, 24 Nov 2026 13:60:00 GMT",
  "Tue, 24 Nov 2026 14:00:61 GMT",
  "2027-00-24T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-11-24T10:00:00Z",
  String(NOW / 1_000 - 60),
  String(NOW - 60_000),
  new Date(NOW + 400).toUTCString(),
  "9".repeat(600),
])("%j is ignored", (value) => {
  expect(parseRetryAfter(value, NOW)).toBeUndefined();
});

test("what a hostile server sends is read in no time", () => {
  const began = process.cpuUsage();
  for (const value of [
    " ".repeat(511),
    ",".repeat(511),
    `${"1".repeat(500)}.x`,
    `Tue${" ".repeat(500)}x`,
    "2026-11-24 ".padEnd(511),
  ])
    for (let n = 0; n < 100; n++) parseRetryAfter(value, NOW);
  expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
});
