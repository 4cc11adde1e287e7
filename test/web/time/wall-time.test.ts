import { expect, test } from "vitest";
import { instantAt, wallTimeOf, writtenAt } from "../../../web/src/time/wall-time.js";

test.each([
  ["2026-11-26T14:03:22", "Europe/Berlin", "2026-11-26T13:03:22.000Z"],
  ["2026-11-26T14:03", "Asia/Kolkata", "2026-11-26T08:33:00.000Z"],
  // Twice in that night: the first of the two.
  ["2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
  // Left out in that night: the time after it.
  ["2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
  ["2026-11-01T01:30:00", "America/St_Johns", "2026-11-01T04:00:00.000Z"],
])("%s on a wall in %s", (text, zone, instant) => {
  expect(instantAt(text, zone)?.toISOString()).toBe(instant);
});

test("is written as the field of a form has it", () => {
  expect(wallTimeOf(new Date("2026-11-26T13:03:22.500Z"), "Europe/Berlin")).toBe("2026-11-26T14:03:22");
});

test.each(["", "yesterday", "2026-13-01T00:00:00"])("%j is no time", (text) => {
  expect(instantAt(text, "UTC")).toBeUndefined();
});

test.each([
  // The second of two equal hours, and a part of a second: nobody touched the field.
  ["2026-11-01T01:30:00", "2026-11-01T05:00:00.000Z", "2026-11-01T05:00:00.000Z"],
  ["2026-11-01T00:00:07", "2026-11-01T02:30:07.250Z", "2026-11-01T02:30:07.250Z"],
  ["2026-11-01T01:31:00", "2026-11-01T05:00:00.000Z", "2026-11-01T04:01:00.000Z"],
  ["2026-11-01T01:30:00", undefined, "2026-11-01T04:00:00.000Z"],
  ["2026-11-01T01:30:00", "-24h", "2026-11-01T04:00:00.000Z"],
  ["", "2026-11-01T05:00:00.000Z", ""],
  ["soon", undefined, ""],
])("a field that shows %j and was filled with %j means %j", (text, before, meant) => {
  expect(writtenAt(text, before, "America/St_Johns")).toBe(meant);
});
