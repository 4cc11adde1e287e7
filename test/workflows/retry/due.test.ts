import { describe, expect, it } from "vitest";
import type { RetryItem } from "../../../src/workflows/contract.js";
import { dueAt, keepsOpen, nextLookAt } from "../../../src/workflows/retry/due.js";

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;
const run = { input: { parkOpenDays: 7 }, lookedAt: NOW - 60_000 };
const item = (more: Partial<RetryItem>): RetryItem => ({
  deliveryId: "evt_1.sub_1",
  eventId: "evt_1",
  eventType: "order.created",
  status: "retrying",
  attempts: 1,
  scheduleBase: 0,
  ...more,
});

describe("a delivery goes on by itself", () => {
  it("when it is due, and at once if it has no time", () => {
    expect(dueAt(item({ dueAt: NOW + 5 }), run)).toBe(NOW + 5);
    expect(dueAt(item({ status: "pending" }), run)).toBe(0);
  });

  it("half a second before its slot: those that are so close share a run of the activity, which waits for each", () => {
    expect(dueAt(item({ dueAt: NOW + 5_000, reservation: { at: NOW + 5_000, epoch: 1 } }), run)).toBe(NOW + 4_500);
  });

  it("a day after held ones were last looked at, if it is held", () => {
    expect(dueAt(item({ status: "held", dueAt: NOW }), run)).toBe(run.lookedAt + DAY);
  });

  it("never, if it is parked", () => {
    expect(dueAt(item({ status: "parked", dueAt: NOW }), run)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("what keeps the workflow open", () => {
  it.each(["pending", "retrying", "held", "throttled"] as const)("is what is %s, however long", (status) => {
    expect(keepsOpen(item({ status, since: 0 }), run, NOW)).toBe(true);
  });

  it("is what is parked, for as many days as was set", () => {
    const parked = (ageMs: number) => item({ status: "parked", since: NOW - ageMs });
    expect(keepsOpen(parked(7 * DAY - 1), run, NOW)).toBe(true);
    expect(keepsOpen(parked(7 * DAY), run, NOW)).toBe(false);
    expect(keepsOpen(item({ status: "parked" }), run, NOW)).toBe(true);
  });
});

describe("the workflow looks again", () => {
  it("when a delivery is due, if a run of the activity is free for it", () => {
    expect(nextLookAt(item({ dueAt: NOW + 5 }), run, { now: NOW, mayRun: true })).toBe(NOW + 5);
    expect(nextLookAt(item({ dueAt: NOW + 5 }), run, { now: NOW, mayRun: false })).toBe(Number.POSITIVE_INFINITY);
  });

  it("when what is parked keeps it open no longer, whether or not a run is free", () => {
    for (const mayRun of [true, false]) {
      const look = (more: Partial<RetryItem>) =>
        nextLookAt(item({ status: "parked", ...more }), run, { now: NOW, mayRun });
      expect(look({ since: NOW - DAY })).toBe(NOW + 6 * DAY);
      expect(look({})).toBe(NOW + 7 * DAY);
    }
  });
});
