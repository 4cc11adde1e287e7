import { describe, expect, it } from "vitest";
import type { RateLimit } from "../../src/workflows/contract.js";
import { configure, isIdle, lease, MAX_LEASE, newBucket, pause, planOf, SPARE_MS } from "../../src/workflows/gcra.js";
import { mostOverLimit } from "../support/rate.js";
import { seeded } from "../support/seeded.js";

const START = 1_700_000_000_000;
const RATES: RateLimit[] = [0.2, 0.5, 1, 5, 20, 50, 200].flatMap((perSecond) =>
  [1, 2, 3, 5, 10, 50, 200].map((burst) => ({ perSecond, burst })),
);

/** Several workers lease at random moments and use what they got as late, or as unevenly, as they may. */
function play(rate: RateLimit, random: () => number, load: number): number[] {
  const { toleranceMs } = planOf(rate);
  const uses: number[] = [];
  let state = newBucket(rate, 0, START);
  const stepMs = 100 / rate.perSecond;
  for (let now = START, step = 0; step < 400; step += 1, now += stepMs * 20 * random()) {
    const count = Math.floor(random() * load * 2);
    const expected = Math.floor(random() * load * 2);
    const soon = { count: Math.floor(random() * load), withinMs: 1_000 };
    // Some answers take long, and their workers ask for slots that are not over when they arrive.
    const notWithinMs = step % 3 ? 0 : Math.round(2_000 * random());
    const request = { count, expect: expected, notWithinMs, ...(step % 2 && { soon }) };
    const answer = lease(state, request, Math.round(now));
    state = answer.state;
    const late = random() < 0.3 ? 1 : random();
    for (const slot of [...answer.lease.slots, ...(answer.lease.soon ?? [])]) uses.push(slot + late * toleranceMs);
    const { spare } = answer.lease;
    for (let each = 0; each < (spare?.count ?? 0); each += 1) uses.push(now + late * ((spare?.until ?? now) - now));
    if (random() < 0.02) now += 5_000 * random() + (10_000 * rate.burst) / rate.perSecond;
  }
  return uses;
}

describe("the law: over any window at most burst + rate·W (+1)", () => {
  it.each(RATES)("holds at $perSecond/s with a burst of $burst, however late slots and spares are used", (rate) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const uses = play(rate, seeded(seed), [0.5, 2, 20][seed % 3] ?? 1);
      expect(mostOverLimit(uses, rate), `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });

  it("is broken by slots used later than allowed: the check sees it", () => {
    const rate = { perSecond: 50, burst: 1 };
    const given = lease(newBucket(rate, 0, START), { count: 100 }, START);
    expect(
      mostOverLimit(
        given.lease.slots.map((slot) => Math.max(slot, START + 500)),
        rate,
      ),
    ).toBeGreaterThan(1);
  });

  it.each(RATES)("gives out at least 95 % of $perSecond/s with a burst of $burst", (rate) => {
    const { slots } = lease(newBucket(rate, 0, START), { count: 400 }, START).lease;
    const last = slots.at(-1) ?? 0;
    expect(slots.length).toBeGreaterThanOrEqual((0.95 * rate.perSecond * (last - START)) / 1_000);
  });

  it.each(RATES)(
    "leaves a quarter of a request for clocks and transit at $perSecond/s with a burst of $burst",
    (rate) => {
      const { depth, spares, toleranceMs } = planOf(rate);
      expect(depth).toBeGreaterThanOrEqual(1);
      expect(depth + spares + (rate.perSecond * toleranceMs) / 1_000).toBeLessThanOrEqual(rate.burst + 0.75);
      expect(toleranceMs).toBeGreaterThan(0);
    },
  );
});

describe("lease", () => {
  const rate = { perSecond: 10, burst: 20 };

  it("gives spares only while nobody waits, and never more than its share", () => {
    const { spares } = planOf(rate);
    const first = lease(newBucket(rate, 0, START), { count: 1, expect: 100 }, START);
    expect(first.lease.spare).toEqual({ count: spares, until: START + SPARE_MS });
    expect(lease(first.state, { count: 0, expect: 5 }, START + 10).lease.spare).toBeUndefined();
    expect(lease(first.state, { count: 0, expect: 5 }, START + SPARE_MS + 1).lease.spare?.count).toBeGreaterThan(0);
    const backlog = lease(newBucket(rate, 0, START), { count: 100, expect: 5 }, START);
    expect(backlog.lease.spare).toBeUndefined();
  });

  it("leaves in the bucket what would come too late for those in a hurry, for whoever asks next", () => {
    const used = lease(newBucket(rate, 0, START), { count: 100 }, START);
    const empty = START + 20_000;
    // All of the burst is used by then, and a slot comes every 101 ms.
    const spent = lease(used.state, { count: 200 }, empty).state;
    expect(lease(spent, { count: 0, soon: { count: 5, withinMs: 1_000 } }, empty)).toMatchObject({
      state: { tat: spent.tat },
      lease: { slots: [], soon: [] },
    });
    const hurried = lease(used.state, { count: 2, soon: { count: 100, withinMs: 1_000 } }, empty);
    expect(hurried.lease.slots).toHaveLength(2);
    expect(hurried.lease.soon?.length).toBeGreaterThan(5);
    expect(hurried.lease.soon?.length).toBeLessThan(50);
    expect(Math.max(...(hurried.lease.soon ?? []))).toBeLessThanOrEqual(empty + 1_000);
    // The next one who asks has the slot right after them.
    const [next] = lease(hurried.state, { count: 1 }, empty).lease.slots;
    expect((next ?? 0) - Math.max(...(hurried.lease.soon ?? []))).toBeLessThanOrEqual(102);
    // An older bucket gives none at all, and says nothing of it.
    expect("soon" in lease(used.state, { count: 1 }, empty).lease).toBe(false);
  });

  it("gives no slot that is over when its answer arrives, and keeps the distances from there on", () => {
    const full = newBucket(rate, 0, START);
    const { slots } = lease(full, { count: 100, notWithinMs: 700 }, START).lease;
    const { slots: at } = lease(full, { count: 100 }, START + 700).lease;
    expect(slots).toEqual(at);
    expect(lease(full, { count: 0, soon: { count: 5, withinMs: 600 }, notWithinMs: 700 }, START).lease.soon).toEqual(
      [],
    );
    // What is in the bucket is not used up by it.
    expect(lease(full, { count: 0, soon: { count: 5, withinMs: 600 }, notWithinMs: 700 }, START).state.tat).toBe(
      full.tat,
    );
  });

  it("spaces the messages of all workers together below 5 a second", () => {
    let state = newBucket(rate, 0, START);
    // Each worker asks again exactly when it was told it may. The first time they ask all at once.
    const due = Array.from({ length: 12 }, () => START);
    const asked: number[] = [];
    while (asked.length < 300) {
      const now = Math.min(...due);
      const answer = lease(state, { count: 1 }, now);
      state = answer.state;
      due[due.indexOf(now)] = now + answer.lease.nextLeaseInMs;
      asked.push(now);
    }
    const steady = asked.slice(12);
    expect((steady.length - 1) / (((steady.at(-1) ?? 0) - (steady[0] ?? 0)) / 1_000)).toBeLessThanOrEqual(5);
  });

  it("never gives more slots than one message should hold", () => {
    expect(lease(newBucket(rate, 0, START), { count: 100_000 }, START).lease.slots).toHaveLength(MAX_LEASE);
  });
});

describe("configure and pause", () => {
  const slow = { perSecond: 1, burst: 1 };
  const fast = { perSecond: 100, burst: 10 };

  it("takes a newer rate over at once, makes older slots void and does not give a second burst", () => {
    const before = lease(newBucket(slow, 5, START), { count: 60 }, START).state;
    const after = configure(before, fast, 6, START + 500);
    expect(after.epoch).toBeGreaterThan(before.epoch);
    const { slots } = lease(after, { count: 20 }, START + 500).lease;
    expect(slots[0]).toBeGreaterThan(START + 500);
    expect(slots[0]).toBeLessThanOrEqual(START + 520);
    // The slow bucket was empty: 20 slots of the fast one take 20 of its intervals and no burst.
    expect((slots.at(-1) ?? 0) - (slots[0] ?? 0)).toBeGreaterThanOrEqual(190);
  });

  it("ignores an older rate, and keeps its slots when only the time changed", () => {
    const state = newBucket(slow, 5, START);
    expect(configure(state, fast, 4, START)).toBe(state);
    expect(configure(state, { ...slow }, 9, START)).toEqual({ ...state, rateAsOf: 9 });
  });

  it("gives nothing before the end of a pause, and no burst after it", () => {
    const paused = pause(newBucket(fast, 0, START), START + 60_000, START);
    expect(paused.epoch).toBeGreaterThan(START - 1);
    const { slots, pausedUntil } = lease(paused, { count: 5 }, START + 1_000).lease;
    expect(pausedUntil).toBe(START + 60_000);
    expect(slots[0]).toBe(START + 60_000);
    expect((slots[1] ?? 0) - (slots[0] ?? 0)).toBeGreaterThanOrEqual(10);
    expect(pause(paused, START + 30_000, START)).toBe(paused);
  });

  it("is idle only when nothing it gave out may still be used", () => {
    const state = newBucket(fast, 0, START);
    expect(isIdle(state, START)).toBe(true);
    const given = lease(state, { count: 1, expect: 1 }, START).state;
    expect(isIdle(given, START + 500)).toBe(false);
    expect(isIdle(given, START + SPARE_MS + 1)).toBe(true);
    expect(isIdle(pause(state, START + 5_000, START), START + 4_999)).toBe(false);
  });
});

describe("at equality", () => {
  const rate = { perSecond: 10, burst: 20 };
  const spent = () => lease(newBucket(rate, 7, START), { count: 40, expect: 0 }, START).state;

  it("the rate that is known stays: another one of the same instant is not newer", () => {
    const state = spent();
    expect(configure(state, { perSecond: 99, burst: 99 }, 7, START)).toBe(state);
    expect(configure(state, { perSecond: 99, burst: 99 }, 8, START)).toMatchObject({
      rate: { perSecond: 99 },
      rateAsOf: 8,
    });
    for (const changed of [
      { perSecond: 11, burst: 20 },
      { perSecond: 10, burst: 21 },
    ])
      expect(configure(state, changed, 8, START).epoch).toBeGreaterThan(state.epoch);
  });

  it("a pause that ends when the last one does is no news, nor one that ends now", () => {
    const paused = pause(spent(), START + 5_000, START);
    expect(pause(paused, START + 5_000, START)).toBe(paused);
    expect(pause(paused, START + 5_001, START)).toMatchObject({ pausedUntil: START + 5_001 });
    const state = spent();
    expect(pause(state, START, START)).toBe(state);
  });

  it("it is idle in the instant in which all it gave out has ended, and not before", () => {
    const state = newBucket(rate, 0, START);
    expect([isIdle({ ...state, tat: START }, START), isIdle({ ...state, tat: START + 1 }, START)]).toEqual([
      true,
      false,
    ]);
    expect([
      isIdle({ ...state, pausedUntil: START }, START),
      isIdle({ ...state, pausedUntil: START + 1 }, START),
    ]).toEqual([true, false]);
    const spares = (until: number) => [{ until, count: 1 }];
    expect([
      isIdle({ ...state, spares: spares(START) }, START),
      isIdle({ ...state, spares: spares(START + 1) }, START),
    ]).toEqual([true, false]);
  });

  it("spares are free again in the instant in which they end", () => {
    const { spares } = planOf(rate);
    const out = lease(newBucket(rate, 0, START), { count: 0, expect: spares }, START);
    expect(out.lease.spare).toEqual({ count: spares, until: START + SPARE_MS });
    expect(lease(out.state, { count: 0, expect: 1 }, START + SPARE_MS - 1).lease.spare).toBeUndefined();
    expect(lease(out.state, { count: 0, expect: 1 }, START + SPARE_MS).lease.spare?.count).toBe(1);
  });

  it("a request whose slot is now gets it now, and a spare is given while the next slot is now", () => {
    const one = { perSecond: 10, burst: 4 };
    const { depth, intervalMs } = planOf(one);
    const full = lease(newBucket(one, 0, START), { count: depth }, START);
    expect(full.lease.slots).toEqual(Array.from({ length: depth }, () => START));
    const next = Math.ceil(START + intervalMs);
    expect(lease(full.state, { count: 1 }, next).lease.slots).toEqual([next]);
    expect(lease(full.state, { count: 1 }, next - 2).lease.slots).toEqual([next]);
    expect(
      lease({ ...full.state, tat: next + (depth - 1) * intervalMs }, { count: 0, expect: 1 }, next).lease.spare?.count,
    ).toBe(1);
    expect(
      lease({ ...full.state, tat: next + (depth - 1) * intervalMs + 1 }, { count: 0, expect: 1 }, next).lease.spare,
    ).toBeUndefined();
  });

  it("the law holds for a window that begins with one slot and ends with another", () => {
    const { slots } = lease(newBucket(rate, 0, START), { count: 200 }, START).lease;
    expect(mostOverLimit(slots, rate)).toBeLessThanOrEqual(1);
    const spaced = (index: number) => (slots[index + 1] ?? 0) - (slots[index] ?? 0);
    expect(Math.min(...Array.from({ length: 100 }, (_, index) => spaced(index + 99)))).toBeGreaterThanOrEqual(
      1_000 / rate.perSecond,
    );
  });
});
