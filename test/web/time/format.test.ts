import { describe, expect, test } from "vitest";
import { formatDuration, formatRelative, formatTime, isZone } from "../../../web/src/time/format.js";

describe("a time has its offset beside it, over changes of summer time", () => {
  test.each([
    ["2026-11-26T13:03:22Z", "UTC", "26 Nov 2026, 13:03:22 UTC"],
    ["2026-11-26T13:03:22Z", "Europe/Berlin", "26 Nov 2026, 14:03:22 UTC+1"],
    ["2026-11-26T13:03:22Z", "Asia/Kolkata", "26 Nov 2026, 18:33:22 UTC+5:30"],
    ["2026-10-25T00:30:00Z", "Europe/Berlin", "25 Oct 2026, 02:30:00 UTC+2"],
    ["2026-10-25T01:30:00Z", "Europe/Berlin", "25 Oct 2026, 02:30:00 UTC+1"],
    ["2026-11-01T04:29:59Z", "America/St_Johns", "1 Nov 2026, 01:59:59 UTC-2:30"],
    ["2026-11-01T04:30:00Z", "America/St_Johns", "1 Nov 2026, 01:00:00 UTC-3:30"],
    ["2026-11-26T00:00:00Z", "Europe/London", "26 Nov 2026, 00:00:00 UTC"],
  ])("%s in %s", (at, zone, shown) => {
    expect(formatTime(at, zone)).toBe(shown);
  });
});

test.each([
  [-3_000, "3 sec ago"],
  [-59_999, "59 sec ago"],
  [-14 * 60_000, "14 min ago"],
  [240_000, "in 4 min"],
  [-26 * 3_600_000, "yesterday"],
  [-3 * 86_400_000, "3 days ago"],
  [0, "now"],
])("%i ms from now is %s", (offset, shown) => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  expect(formatRelative(new Date(now + offset), now)).toBe(shown);
});

test.each([
  [0, "0 ms"],
  [12.4, "12 ms"],
  [1_240, "1.2 secs"],
  [120_000, "2 mins"],
])("%f ms takes the unit that fits", (milliseconds, shown) => {
  expect(formatDuration(milliseconds)).toBe(shown);
});

test("a zone that no browser knows is none", () => {
  expect([isZone("Asia/Kolkata"), isZone("UTC"), isZone("Mars/Olympus"), isZone("")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
