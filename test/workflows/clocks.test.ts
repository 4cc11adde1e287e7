import { expect, it } from "vitest";
import { aheadMs, itemsByOurClock, recordedByOurClock } from "../../src/workflows/clocks.js";
import type { RetryItem } from "../../src/workflows/contract.js";

const NOW = 1_700_000_000_000;
const item = (more: Partial<RetryItem>): RetryItem => ({
  deliveryId: "d",
  eventId: "e",
  eventType: "a.b",
  status: "retrying",
  attempts: 1,
  scheduleBase: 0,
  ...more,
});

it.each([
  [600_000, 600_000],
  [5_001, 5_001],
  [5_000, 0],
  [0, 0],
  // Written before and read late: what was due is due.
  [-600_000, 0],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
])("a clock that showed %i more is ahead by %i", (difference, ahead) => {
  expect(aheadMs(NOW + difference, NOW)).toBe(ahead);
});

it("is not ahead if it was not told", () => {
  expect(aheadMs(undefined, NOW)).toBe(0);
});

it("what is due in five seconds by a fast clock is due in five seconds, and a reservation stays the bucket's", () => {
  const fast = NOW + 600_000;
  const reservation = { at: NOW + 7_000, epoch: 1 };
  const items = [item({ dueAt: fast + 5_000, since: fast, reservation }), item({ status: "delivered" })];
  expect(itemsByOurClock(items, fast, NOW)).toEqual([
    item({ dueAt: NOW + 5_000, since: NOW, reservation }),
    item({ status: "delivered" }),
  ]);
  expect(itemsByOurClock(items, NOW + 100, NOW)).toEqual(items);
});

it.each([
  ["of our own clock", NOW - 60_000, NOW + 2_000],
  // Written in the last second by a clock that is four minutes ahead, for two seconds later.
  ["of a clock ahead", NOW + 240_000, NOW + 2_000 + 240_000],
])("an instant in a record %s comes when it was meant to", (_name, writtenAt, at) => {
  expect(recordedByOurClock(at, writtenAt, NOW)).toBe(NOW + 2_000);
});
