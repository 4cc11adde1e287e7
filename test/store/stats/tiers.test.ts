import { expect, test } from "vitest";
import {
  DAYS,
  documentId,
  documentsOf,
  HOURS,
  MINUTES,
  QUARTERS,
  segmentsOf,
  slotOf,
} from "../../../src/store/stats/tiers.js";

const at = (text: string): number => Date.parse(`2026-11-26T${text}Z`);

test("a window is read from the coarsest tier as far as that is filled, and from finer ones behind it", () => {
  const from = Date.parse("2026-11-20T00:00:00Z");
  const segments = segmentsOf(DAYS, { from, to: at("21:40:00") }, at("21:30:00"));
  expect(segments.map(({ tier, from: start, to }) => [tier.name, new Date(start), new Date(to)])).toEqual([
    ["d", new Date(from), new Date(at("00:00:00"))],
    ["h", new Date(at("00:00:00")), new Date(at("21:00:00"))],
    ["q", new Date(at("21:00:00")), new Date(at("21:30:00"))],
    ["m", new Date(at("21:30:00")), new Date(at("21:40:00"))],
  ]);
});

test("where nothing is summed up, everything is read from minutes, and a window before it from one tier", () => {
  const window = { from: at("10:00:00"), to: at("11:00:00") };
  expect(segmentsOf(HOURS, window, 0)).toEqual([{ tier: MINUTES, ...window }]);
  expect(segmentsOf(HOURS, window, at("12:00:00"))).toEqual([{ tier: HOURS, ...window }]);
});

test("a day of one scope is few documents", () => {
  const day = { from: at("00:00:00"), to: at("00:00:00") + 86_400_000 };
  expect(documentsOf({ tier: MINUTES, ...day })).toHaveLength(24);
  expect(documentsOf({ tier: QUARTERS, ...day })).toHaveLength(1);
  expect(slotOf(QUARTERS, at("10:15:00"))).toBe(41);
  expect(documentId(QUARTERS, "sub/sub_1", at("10:15:00"))).toBe(documentId(QUARTERS, "sub/sub_1", at("23:59:59")));
});
