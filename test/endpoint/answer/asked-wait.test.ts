import { describe, expect, test } from "vitest";
import { askedWait } from "../../../src/endpoint/answer/asked-wait.js";

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);
const AT = NOW / 1_000;
const DAY = 86_400_000;
const of = (headers: Record<string, string>, status = 429) => askedWait({ status, headers }, NOW);

describe("without Retry-After the end of the limit counts", () => {
  test.each<[string, Record<string, string>, number]>([
    ["draft 06", { "ratelimit-limit": "10", "ratelimit-remaining": "0", "ratelimit-reset": "30" }, 30_000],
    ["draft 06 without the rest", { "ratelimit-reset": "30" }, 30_000],
    ["draft 07", { ratelimit: "limit=10, remaining=0, reset=30" }, 30_000],
    ["draft 08 and later", { ratelimit: '"default";r=0;t=30' }, 30_000],
    ["several policies", { ratelimit: '"burst";r=0;t=5, "hour";r=0;t=30, "day";r=7;t=9000' }, 30_000],
    ["GitHub", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(AT + 30) }, 30_000],
    ["Okta", { "x-rate-limit-remaining": "0", "x-rate-limit-reset": String(AT + 30) }, 30_000],
    ["milliseconds since 1970", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW + 30_000) }, 30_000],
    ["Discord", { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.25" }, 1_250],
    ["Discord, with both", { "x-ratelimit-reset": `${AT + 30}.5`, "x-ratelimit-reset-after": "30.5" }, 30_500],
    ["Jira", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-24T12:00:30Z" }, 30_000],
    ["an HTTP date", { "x-ratelimit-reset": "Tue, 24 Nov 2026 12:00:30 GMT" }, 30_000],
    ["Envoy", { "x-ratelimit-limit": "10, 10;w=60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30" }, 30_000],
    ["with the window behind it", { "ratelimit-remaining": "0;w=60", "ratelimit-reset": "30;w=60" }, 30_000],
    ["OpenAI", { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30s" }, 90_000],
    ["OpenAI, soon", { "x-ratelimit-reset-requests": "120ms" }, 1_000],
    ["Azure", { "retry-after-ms": "30000" }, 30_000],
    ["Cosmos DB", { "x-ms-retry-after-ms": "30000.5" }, 30_000.5],
    ["below zero", { "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30" }, 30_000],
    ["now", { "ratelimit-reset": "0" }, 1_000],
    ["for ever", { "ratelimit-reset": "999999999" }, DAY],
    ["by the name of Retry-After", { "x-ratelimit-remaining": "0", "x-ratelimit-retry-after": "30" }, 30_000],
    ["draft 07 in other letters", { ratelimit: "Limit=10 , Remaining=0 , Reset=30" }, 30_000],
    ["draft 08 with more spaces", { ratelimit: '"default" ; r=0 ; t=30' }, 30_000],
    ["draft 08 behind a word without a value", { ratelimit: 'reset, "default";r=0;t=30' }, 30_000],
    ["draft 08 without a count", { ratelimit: '"default";t=30' }, 30_000],
    ["a count in quotes", { "x-ratelimit-remaining": ' "0"', "x-ratelimit-reset": "30" }, 30_000],
    [
      "a count of fifteen digits below zero",
      { "x-ratelimit-remaining": `-${"9".repeat(15)}`, "x-ratelimit-reset": "30" },
      30_000,
    ],
    ["a field of 512 characters", { ratelimit: `${'"default";r=0;t=30'.padEnd(511)},` }, 30_000],
    ["Azure, with spaces and a full stop", { "retry-after-ms": " 30000. " }, 30_000],
    ["Azure, both", { "retry-after-ms": "30000", "x-ms-retry-after-ms": "40000" }, 40_000],
    ["a Retry-After that cannot be read", { "retry-after": "soon", "ratelimit-reset": "30" }, 30_000],
  ])("%s", (_name, headers, expected) => {
    expect(of(headers)).toBe(expected);
  });
});

describe("it says nothing", () => {
  test.each<[string, Record<string, string>]>([
    ["with requests left", { "x-ratelimit-remaining": "7", "x-ratelimit-reset": String(AT + 3_000) }],
    ["with requests left, draft 06", { "ratelimit-remaining": "7", "ratelimit-reset": "3000" }],
    ["with ten requests left", { "x-ratelimit-remaining": "10", "x-ratelimit-reset": "30" }],
    ["with requests left, Discord", { "x-ratelimit-remaining": "7", "x-ratelimit-reset-after": "30" }],
    [
      "with requests left, by the name of Retry-After",
      { "x-ratelimit-remaining": "7", "x-ratelimit-retry-after": "30" },
    ],
    ["with requests left, OpenAI", { "x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "30s" }],
    ["with requests left, Okta", { "x-rate-limit-remaining": "7", "x-rate-limit-reset": "30" }],
    ["with requests left, draft 07", { ratelimit: "limit=10, remaining=7, reset=30" }],
    ["with requests left in every policy", { ratelimit: '"a";r=1;t=5, "b";r=7;t=30' }],
    ["when it has passed", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(AT - 3) }],
    ["without a time", { ratelimit: '"default";r=0' }],
    ["without a number", { "ratelimit-reset": "soon" }],
    ["below zero", { "ratelimit-reset": "-30" }],
    ["as a whole page", { ratelimit: '"default";r=0;t=30,'.repeat(100) }],
    ["as a duration of nothing", { "x-ratelimit-reset-requests": "" }],
    ["as a field of 513 characters", { ratelimit: `${'"default";r=0;t=30'.padEnd(512)},` }],
    ["in milliseconds with a letter behind them", { "retry-after-ms": "30000x" }],
    ["in milliseconds with a letter before them", { "retry-after-ms": "x30000" }],
    ["in milliseconds by their exponent", { "retry-after-ms": "3e4" }],
    ["in milliseconds of sixteen digits", { "retry-after-ms": "0000000000030000" }],
    ["in milliseconds below zero", { "retry-after-ms": "-5" }],
  ])("%s", (_name, headers) => {
    expect(of(headers)).toBeUndefined();
  });
});

test.each([
  ["1h", 3_600_000],
  ["12h", 43_200_000],
  ["1h30m", 5_400_000],
  ["2h10m5s", 7_805_000],
  ["10m", 600_000],
  ["12.5s", 12_500],
  ["12.75s", 12_750],
  ["1m2.5s", 62_500],
  ["1m12.75s", 72_750],
  ["2500ms", 2_500],
  ["2500.5ms", 2_501],
  ["1s500.25ms", 1_500],
  [" 1m30s ", 90_000],
  ["1m30s;w=60", 90_000],
])("the duration %j is %i ms", (value, expected) => {
  expect(of({ "x-ratelimit-reset-requests": value })).toBe(expected);
});

test.each(["x1m", "1mx", "1m 30s", "30s1m", "1.5m", "1.5h", "-1m", "1m30", "1..5s", ".5ms", "m"])(
  "%j is no duration",
  (value) => {
    expect(of({ "x-ratelimit-reset-requests": value })).toBeUndefined();
  },
);

test("Retry-After comes first, whatever the limit says", () => {
  expect(of({ "retry-after": "5", "ratelimit-reset": "3000", "retry-after-ms": "9000" })).toBe(5_000);
});

test("a status that does not mean a limit by itself needs one that is used up", () => {
  const reset = { "x-ratelimit-reset": String(AT + 30) };
  for (const status of [420, 429, 503]) expect(of(reset, status)).toBe(30_000);
  for (const status of [403, 409, 413, 424, 430]) {
    expect(of(reset, status)).toBeUndefined();
    expect(of({ ...reset, "x-ratelimit-remaining": "0" }, status)).toBe(30_000);
  }
  const left = (remaining: string) => of({ ...reset, "x-ratelimit-remaining": remaining }, 403);
  expect(["0;w=60", "x0", "0".repeat(16)].map(left)).toEqual([30_000, undefined, undefined]);
  for (const status of [400, 401, 404, 408, 422, 500, 502, 504])
    expect(of({ ...reset, "x-ratelimit-remaining": "0" }, status)).toBeUndefined();
});

test("what a hostile server sends is read in no time", () => {
  const began = process.cpuUsage();
  for (const value of ["=".repeat(511), ";,".repeat(255), "9".repeat(511), `${"1h".repeat(200)}x`, " ".repeat(511)])
    for (let n = 0; n < 100; n++)
      of({ ratelimit: value, "x-ratelimit-reset": value, "retry-after-ms": value, "x-ratelimit-remaining": value });
  expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
});

describe("an instant is read by the clock of the server that named it", () => {
  const date = (ms: number): string => new Date(ms).toUTCString();
  const MINUTE = 60_000;
  test.each<[string, Record<string, string>, number | undefined]>([
    ["ten minutes ahead", { date: date(NOW + 10 * MINUTE), "retry-after": date(NOW + 11 * MINUTE) }, MINUTE],
    ["ten minutes behind", { date: date(NOW - 10 * MINUTE), "retry-after": date(NOW - 9 * MINUTE) }, MINUTE],
    ["over by its clock", { date: date(NOW + 10 * MINUTE), "retry-after": date(NOW + 9 * MINUTE) }, undefined],
    [
      "the end of a window, in seconds since 1970",
      { date: date(NOW - 10 * MINUTE), "x-ratelimit-reset": String(AT - 9 * 60) },
      MINUTE,
    ],
    [
      "out of a cache that had it for ten minutes",
      { date: date(NOW - 10 * MINUTE), age: "600", "retry-after": date(NOW + MINUTE) },
      MINUTE,
    ],
    ["seconds are of no clock", { date: date(NOW + 10 * MINUTE), "retry-after": "60" }, MINUTE],
    ["a date of whole seconds", { date: date(NOW - 4_000), "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["five seconds behind", { date: date(NOW - 5_000), "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["six seconds behind", { date: date(NOW - 6_000), "retry-after": date(NOW + MINUTE) }, MINUTE + 6_000],
    ["a day ahead", { date: date(NOW + DAY), "retry-after": date(NOW + DAY + MINUTE) }, MINUTE],
    [
      "a date behind spaces",
      { date: date(NOW - 6_000).padStart(64), "retry-after": date(NOW + MINUTE) },
      MINUTE + 6_000,
    ],
    [
      "a date behind a page of them",
      { date: date(NOW - 6_000).padStart(80), "retry-after": date(NOW + MINUTE) },
      MINUTE,
    ],
    ["a date in spaces", { date: ` ${date(NOW - 6_000)} `, "retry-after": date(NOW + MINUTE) }, MINUTE + 6_000],
    ["an age in spaces", { date: date(NOW - 60_000), age: " 60 ", "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["an age with a unit", { date: date(NOW - 60_000), age: "60s", "retry-after": date(NOW + MINUTE) }, 2 * MINUTE],
    ["an age below zero", { date: date(NOW - 60_000), age: "-60", "retry-after": date(NOW + MINUTE) }, 2 * MINUTE],
    ["a date that is made up", { date: date(0), "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["a date two days ahead", { date: date(NOW + 2 * DAY), "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["a date that is none", { date: "today", "retry-after": date(NOW + MINUTE) }, MINUTE],
    ["an age that is none", { date: date(NOW), age: "old", "retry-after": date(NOW + MINUTE) }, MINUTE],
  ])("%s", (_name, headers, expected) => {
    expect(of(headers)).toBe(expected);
  });
});
