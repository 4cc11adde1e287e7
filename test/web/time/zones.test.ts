/** Two zones whose offsets are no whole hours, over a change of summer time. What is expected is written down here. */
import { describe, expect, test } from "vitest";
import { formatTime } from "../../../web/src/time/format.js";
import { instantAt, wallTimeOf } from "../../../web/src/time/wall-time.js";

const HOUR_MS = 3_600_000;

describe.each([
  [
    "Asia/Kolkata",
    { autumnHours: 24, springHours: 24, autumn: "2026-10-31T18:30:00.000Z", spring: "2026-03-07T18:30:00.000Z" },
  ],
  [
    "America/St_Johns",
    { autumnHours: 25, springHours: 23, autumn: "2026-11-01T02:30:00.000Z", spring: "2026-03-08T03:30:00.000Z" },
  ],
] as const)("in %s", (zone, days) => {
  test.each([
    ["2026-11-01", "2026-11-02", days.autumn, days.autumnHours],
    ["2026-03-08", "2026-03-09", days.spring, days.springHours],
  ])("the day of %s begins when it begins there, and is as long as it is there", (day, next, begins, hours) => {
    const [from, to] = [instantAt(`${day}T00:00:00`, zone), instantAt(`${next}T00:00:00`, zone)];
    expect(from?.toISOString()).toBe(begins);
    expect((Number(to) - Number(from)) / HOUR_MS).toBe(hours);
  });

  test("each hour of a change is told apart by its offset, and none is shown twice", () => {
    const from = Date.parse(days.autumn);
    const shown = Array.from({ length: 50 }, (_, half) => formatTime(new Date(from + (half * HOUR_MS) / 2), zone));
    expect(new Set(shown).size).toBe(50);
    for (const text of shown) expect(text).toMatch(zone === "Asia/Kolkata" ? / UTC\+5:30$/ : / UTC-[23]:30$/);
  });

  test("what a form shows of an instant means that instant again, but for the second of two equal hours", () => {
    const from = Date.parse(days.autumn);
    const lost = Array.from({ length: 60 }, (_, half) => new Date(from + (half * HOUR_MS) / 2)).filter(
      (at) => instantAt(wallTimeOf(at, zone), zone)?.getTime() !== at.getTime(),
    );
    const again = zone === "Asia/Kolkata" ? [] : ["2026-11-01T04:30:00.000Z", "2026-11-01T05:00:00.000Z"];
    expect(lost.map((at) => at.toISOString())).toEqual(again);
  });
});

test.each([
  ["2026-11-01T04:00:00Z", "1 Nov 2026, 01:30:00 UTC-2:30", "1 Nov 2026, 09:30:00 UTC+5:30"],
  ["2026-11-01T05:00:00Z", "1 Nov 2026, 01:30:00 UTC-3:30", "1 Nov 2026, 10:30:00 UTC+5:30"],
  ["2026-03-08T05:29:59Z", "8 Mar 2026, 01:59:59 UTC-3:30", "8 Mar 2026, 10:59:59 UTC+5:30"],
  ["2026-03-08T05:30:00Z", "8 Mar 2026, 03:00:00 UTC-2:30", "8 Mar 2026, 11:00:00 UTC+5:30"],
])("%s is shown with the offset that was in force then", (at, inStJohns, inKolkata) => {
  expect(formatTime(at, "America/St_Johns")).toBe(inStJohns);
  expect(formatTime(at, "Asia/Kolkata")).toBe(inKolkata);
});
