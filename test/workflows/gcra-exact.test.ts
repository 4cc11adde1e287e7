/** What the token bucket gives and keeps, to the slot. The law that all of it serves is in gcra.test.ts. */
import { describe, expect, it } from "vitest";
import {
  configure,
  lease,
  MAX_LEASE,
  MESSAGE_INTERVAL_MS,
  newBucket,
  pause,
  planOf,
  pulledBack,
  wentBack,
} from "../../src/workflows/gcra.js";

const START = 1_700_000_000_000;
const rate = { perSecond: 10, burst: 20 };
const full = () => newBucket(rate, 0, START);
/** Tokens that were used of the bucket. */
const usedAt = (state: { tat: number }, now: number, of = rate) => (state.tat - now) / planOf(of).intervalMs;

describe("a plan", () => {
  it("lets a busy worker be 200 ms late where the burst pays for it, and gives the rest to depth and spares", () => {
    // 10 requests of 200 come late, 50 are spare, and 0.75 of one are left to the lateness.
    expect(planOf({ perSecond: 50, burst: 200 })).toEqual({
      intervalMs: expect.closeTo(20.2) as number,
      depth: 140,
      spares: 50,
      toleranceMs: 215,
    });
  });

  it("never gives more than half of a burst to the lateness", () => {
    expect(planOf({ perSecond: 200, burst: 20 })).toMatchObject({ depth: 5, spares: 5, toleranceMs: 53 });
  });
});

describe("a lease", () => {
  it("gives those in a hurry the slots of this instant", () => {
    const { soon } = lease(full(), { count: 0, soon: { count: 2, withinMs: 0 } }, START).lease;
    expect(soon).toEqual([START, START]);
  });

  it("holds no more slots than one message should, those in a hurry included", () => {
    const soon = { count: 100, withinMs: 3_600_000 };
    const given = lease(full(), { count: MAX_LEASE - 10, soon }, START).lease;
    expect([given.slots.length, given.soon?.length]).toEqual([MAX_LEASE - 10, 10]);
  });

  it("gives the spares that are left, whoever has the others", () => {
    const { spares } = planOf(rate);
    const first = lease(full(), { count: 0, expect: 2 }, START);
    expect(lease(first.state, { count: 0, expect: 100 }, START).lease.spare?.count).toBe(spares - 2);
  });

  it("keeps nothing of spares that were not given", () => {
    expect(lease(full(), { count: 1 }, START).state.spares).toEqual([]);
  });

  it("says in how many milliseconds the next message may come", () => {
    expect(lease(full(), { count: 1 }, START).lease.nextLeaseInMs).toBe(MESSAGE_INTERVAL_MS);
  });
});

describe("what was used stays used, and no more", () => {
  const used = () => lease(full(), { count: 3 }, START).state;

  it("under another rate", () => {
    const fast = { perSecond: 100, burst: 20 };
    const state = configure(used(), fast, 1, START);
    expect(usedAt(state, START, fast)).toBeCloseTo(3);
  });

  it("by a clock that went back", () => {
    const earlier = START - 600_000;
    expect(usedAt(pulledBack(used(), earlier), earlier)).toBeCloseTo(3);
  });
});

it("a clock went back if it shows more than five seconds less than before", () => {
  expect([0, 5_000, 5_001].map((by) => wentBack(full(), START - by))).toEqual([false, false, true]);
});

describe("what was given out is void", () => {
  const given = () => lease(full(), { count: 1, expect: 2 }, START).state;

  it("with another rate, in the instant of the bucket's start too", () => {
    const state = configure(given(), { perSecond: 1, burst: 1 }, 1, START);
    expect(state.epoch).toBeGreaterThan(given().epoch);
    expect(state.spares).toEqual([]);
  });

  it("with a pause, in the instant of the bucket's start too", () => {
    const state = pause(given(), START + 1_000, START);
    expect(state.epoch).toBeGreaterThan(given().epoch);
    expect(state.spares).toEqual([]);
  });
});
