/**
 * The token bucket by a clock that jumps: whatever it shows for a moment, the rate holds and nothing waits for long.
 */
import { describe, expect, it } from "vitest";
import type { BucketState, RateLimit } from "../../src/workflows/contract.js";
import { lease, newBucket, pause, planOf, pulledBack, wentBack } from "../../src/workflows/gcra.js";
import { mostOverLimit } from "../support/rate.js";
import { seeded } from "../support/seeded.js";

const START = 1_700_000_000_000;
const MINUTES = 60_000;
const RATES: RateLimit[] = [0.5, 5, 50, 200].flatMap((perSecond) =>
  [1, 3, 10, 50].map((burst) => ({ perSecond, burst })),
);
const SEEDS = Array.from({ length: 25 }, (_, index) => index + 1);

/** True time in which the clock is right, then fast, then right again. */
function drawSpans(random: () => number) {
  const [calmMs, fastMs, afterMs] = [20_000 * random(), 500 + 20_000 * random(), 30_000];
  return {
    fastFrom: calmMs,
    fastUntil: calmMs + fastMs,
    end: calmMs + fastMs + afterMs,
    byMs: 6_000 + 60 * MINUTES * random(),
  };
}

/** A backlog that is always there. Slots whose time comes after the clock has changed mean nothing and are not used. */
function play(rate: RateLimit, seed: number) {
  const random = seeded(seed);
  const spans = drawSpans(random);
  const uses: number[] = [];
  let firstAfter: number | undefined;
  let state = newBucket(rate, 0, START);
  for (let at = 0; at < spans.end; at += Math.min(400, (2_000 / rate.perSecond) * random())) {
    const fast = at >= spans.fastFrom && at < spans.fastUntil;
    const changes = at < spans.fastFrom ? spans.fastFrom : fast ? spans.fastUntil : spans.end;
    const offset = START + (fast ? spans.byMs : 0);
    const now = Math.round(at + offset);
    state = pulledBack(state, now);
    const given = lease(state, { count: 1 + Math.floor(random() * 20) }, now);
    state = given.state;
    const slots = given.lease.slots.map((slot) => slot - offset);
    if (at >= spans.fastUntil) firstAfter ??= (slots[0] ?? 0) - at;
    // A forward jump looks like a quiet time, so the law is checked from there on.
    if (at >= spans.fastFrom) uses.push(...slots.filter((slot) => slot < changes));
  }
  return { uses, firstAfter: firstAfter ?? 0 };
}

describe.each(RATES)("at $perSecond/s with a burst of $burst", (rate) => {
  it.each(SEEDS)("the law holds over a clock that goes back (seed %i)", (seed) => {
    expect(mostOverLimit(play(rate, seed).uses, rate)).toBeLessThanOrEqual(1);
  });

  it.each(SEEDS)("the first request after it waits for no longer than its turn (seed %i)", (seed) => {
    expect(play(rate, seed).firstAfter).toBeLessThanOrEqual(planOf(rate).intervalMs + 2);
  });
});

describe("a clock that goes back", () => {
  const rate = { perSecond: 1, burst: 10 };
  const fast = START + 10 * MINUTES;

  it("of ten minutes does not stall the bucket for ten minutes, and gives no second burst", () => {
    const used = lease(newBucket(rate, 0, START), { count: 10 }, fast).state;
    expect(lease(used, { count: 1 }, START + 1_000).lease.slots[0]).toBeGreaterThan(fast);
    const { slots } = lease(pulledBack(used, START + 1_000), { count: 2 }, START + 1_000).lease;
    expect(slots[0]).toBeLessThanOrEqual(START + 3_000);
    expect((slots[1] ?? 0) - (slots[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it("lets a pause last as long as it was meant to", () => {
    const paused = pause(newBucket(rate, 0, fast), fast + 60_000, fast);
    expect(pulledBack(paused, START).pausedUntil).toBe(START + 60_000);
    expect(pulledBack(newBucket(rate, 0, fast), START).pausedUntil).toBe(0);
  });

  it("makes void what the fast clock gave out, and tells all workers by the epoch", () => {
    const used = lease(newBucket(rate, 0, fast), { count: 3, expect: 3 }, fast).state;
    const after = pulledBack(used, START);
    expect([after.epoch > used.epoch, after.spares, after.nextMessageAt - START]).toEqual([true, [], 250]);
  });

  it("by less than clocks of several machines differ changes nothing", () => {
    const used = lease(newBucket(rate, 0, fast), { count: 3 }, fast).state;
    expect(pulledBack(used, fast - 5_000)).toBe(used);
    expect(wentBack(used, fast - 5_001)).toBe(true);
  });

  it("is not noticed in a state of an earlier release, which does not say when it was", () => {
    const { asOf: _asOf, ...earlier }: BucketState = newBucket(rate, 0, fast);
    expect(pulledBack(earlier, START)).toBe(earlier);
  });
});
