import { describe, expect, it } from "vitest";
import { cutoffsOf } from "../../../src/activities/retention/cutoffs.js";

const DAY = 86_400_000;
const now = Date.parse("2026-11-26T12:00:00.000Z");
const before = (days: number): Date => new Date(now - days * DAY);
const rules = { apis: [], retentionDays: undefined, engineRetentionMs: 0, now };

describe("cutoffs", () => {
  it("are none when every event is kept for ever", () => {
    expect(cutoffsOf(rules)).toBeUndefined();
    expect(cutoffsOf({ ...rules, apis: [{ id: "api_1" }] })).toBeUndefined();
  });

  it("are those of the setting, and shorter or longer ones of apis", () => {
    const apis = [{ id: "api_1", retentionDays: 5 }, { id: "api_2", retentionDays: 90 }, { id: "api_3" }];
    expect(cutoffsOf({ ...rules, apis, retentionDays: 30 })).toEqual({
      byApi: new Map([
        ["api_1", before(5)],
        ["api_2", before(90)],
      ]),
      others: before(30),
    });
    expect(cutoffsOf({ ...rules, apis: [{ id: "api_1", retentionDays: 5 }] })).toEqual({
      byApi: new Map([["api_1", before(5)]]),
    });
  });

  it("are never later than the engine's histories reach back", () => {
    const apis = [{ id: "api_1", retentionDays: 1 }];
    expect(cutoffsOf({ ...rules, apis, retentionDays: 2, engineRetentionMs: 3 * DAY })).toEqual({
      byApi: new Map([["api_1", before(3)]]),
      others: before(3),
    });
  });
});
