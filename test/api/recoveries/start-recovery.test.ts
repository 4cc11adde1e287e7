import { expect, test } from "vitest";
import { needsRelease } from "../../../src/api/recoveries/start-recovery.js";

const settings = { twoPerson: true, recoveryReleaseAbove: 10_000 };
const several = { group: undefined };

test("a second person is needed above the limit, for several groups, unless the team is of one", () => {
  expect(needsRelease(settings, several, 10_001)).toBe(true);
  expect(needsRelease(settings, several, 10_000)).toBe(false);
  expect(needsRelease(settings, { group: "grp_1" }, 1_000_000)).toBe(false);
  expect(needsRelease({ ...settings, twoPerson: false }, several, 1_000_000)).toBe(false);
  expect(needsRelease({ ...settings, recoveryReleaseAbove: 0 }, several, 1)).toBe(true);
});
