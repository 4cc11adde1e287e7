/** The end of a pause that another process has saved, by our clock. */
import { describe, expect, it } from "vitest";
import { createSavedPauses, type Paused } from "../../src/store/saved-pauses.js";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Clocks that stand still until they are moved. `jump` moves the one that people set, alone. */
function clocks() {
  let [wall, steady] = [T0, 5];
  return {
    pass(ms: number): void {
      wall += ms;
      steady += ms;
    },
    jump(ms: number): void {
      wall += ms;
    },
    now: () => wall,
    steady: () => steady,
  };
}

/** A pause of a minute that begins now, by a clock that differs by so much from ours. */
const saved = (aheadMs: number, from = T0): Paused => ({
  id: "sub_1",
  throttledAt: new Date(from + aheadMs),
  throttledUntil: new Date(from + aheadMs + MINUTE_MS),
});

describe("a saved pause", () => {
  it("keeps its exact end where the clocks agree", () => {
    const clock = clocks();
    const { endOf } = createSavedPauses(clock);
    for (const differMs of [0, 4_000, -4_000]) expect(endOf(saved(differMs))).toBe(T0 + differMs + MINUTE_MS);
    clock.pass(59_999);
    expect(endOf(saved(0))).toBe(T0 + MINUTE_MS);
    clock.pass(1);
    expect(endOf(saved(0))).toBe(0);
    expect(endOf({ id: "sub_1" })).toBe(0);
  });

  it("lasts no longer than was asked for, though its instant lies ten minutes further ahead", () => {
    const clock = clocks();
    const { endOf } = createSavedPauses(clock);
    const pause = saved(10 * MINUTE_MS);
    expect(endOf(pause)).toBe(T0 + MINUTE_MS);
    clock.pass(20_000);
    expect(endOf(pause)).toBe(T0 + MINUTE_MS);
    clock.pass(40_000);
    expect(endOf(pause)).toBe(0);
    // It has ended, and no further look begins it anew.
    for (let minutes = 0; minutes < 10; minutes++) {
      clock.pass(MINUTE_MS);
      expect(endOf(pause)).toBe(0);
    }
  });

  it("is anchored once: a clock that jumps afterwards makes it no longer", () => {
    const clock = clocks();
    const { endOf } = createSavedPauses(clock);
    expect(endOf(saved(0))).toBe(T0 + MINUTE_MS);
    clock.jump(-10 * MINUTE_MS);
    clock.pass(30_000);
    expect(endOf(saved(0)) - clock.now()).toBe(30_000);
    clock.pass(30_000);
    expect(endOf(saved(0))).toBe(0);
  });

  it("that is seen late counts from then on, and no longer than it was", () => {
    const clock = clocks();
    clock.pass(5 * MINUTE_MS);
    const { endOf } = createSavedPauses(clock);
    const pause = saved(10 * MINUTE_MS);
    expect(endOf(pause)).toBe(T0 + 6 * MINUTE_MS);
    clock.pass(MINUTE_MS);
    expect(endOf(pause)).toBe(0);
  });

  it("is another one if its instant is, or its subscription", () => {
    const clock = clocks();
    const { endOf } = createSavedPauses(clock);
    expect(endOf(saved(10 * MINUTE_MS))).toBe(T0 + MINUTE_MS);
    clock.pass(30_000);
    expect(endOf(saved(10 * MINUTE_MS, T0 + 30_000))).toBe(T0 + 30_000 + MINUTE_MS);
    expect(endOf({ ...saved(10 * MINUTE_MS), id: "sub_2" })).toBe(T0 + 30_000 + MINUTE_MS);
    expect(endOf(saved(10 * MINUTE_MS))).toBe(T0 + MINUTE_MS);
  });

  it("of an earlier release, which does not say when it was saved, lasts a day at most", () => {
    const { endOf } = createSavedPauses(clocks());
    const until = (ms: number): Paused => ({ id: "sub_1", throttledUntil: new Date(T0 + ms) });
    expect(endOf(until(2 * DAY_MS))).toBe(T0 + DAY_MS);
    expect(endOf(until(MINUTE_MS))).toBe(T0 + MINUTE_MS);
    // It leaves the instant of the pause before, which a clock that is ahead may have written.
    expect(endOf({ ...until(MINUTE_MS), id: "sub_2", throttledAt: new Date(T0 + 10 * MINUTE_MS) })).toBe(
      T0 + MINUTE_MS,
    );
  });
});
