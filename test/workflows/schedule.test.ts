import { describe, expect, it } from "vitest";
import { DEFAULT_SCHEDULE_SECONDS, nextAttempt } from "../../src/workflows/schedule.js";

const delayOf = (order: Parameters<typeof nextAttempt>[0]): number => {
  const next = nextAttempt(order);
  if ("exhausted" in next) throw new Error("exhausted");
  return next.delayMs;
};

describe("nextAttempt", () => {
  it("follows the documented default schedule: 12 attempts, then exhausted", () => {
    const seconds = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400];
    expect(seconds.map((_, index) => delayOf({ attemptsInSchedule: index + 1, random: 0.5 }))).toEqual(
      seconds.map((each) => each * 1_000),
    );
    expect(DEFAULT_SCHEDULE_SECONDS).toEqual(seconds);
    expect(nextAttempt({ attemptsInSchedule: 12, random: 0.5 })).toEqual({ exhausted: true });
    expect(nextAttempt({ attemptsInSchedule: 99, random: 0.5 })).toEqual({ exhausted: true });
  });

  it("spreads a delay by a fifth to either side, and never beyond 24 h", () => {
    expect(delayOf({ attemptsInSchedule: 1, random: 0 })).toBe(4_000);
    expect(delayOf({ attemptsInSchedule: 1, random: 0.999_999_999 })).toBe(6_000);
    expect(delayOf({ attemptsInSchedule: 11, random: 0.999 })).toBe(86_400_000);
  });

  it("takes the subscription's own schedule, whose last delay repeats up to maxAttempts", () => {
    const policy = { scheduleSeconds: [1, 2], maxAttempts: 5 };
    expect([1, 2, 3, 4].map((attemptsInSchedule) => delayOf({ policy, attemptsInSchedule, random: 0.5 }))).toEqual([
      1_000, 2_000, 2_000, 2_000,
    ]);
    expect(nextAttempt({ policy, attemptsInSchedule: 5, random: 0.5 })).toEqual({ exhausted: true });
    expect(nextAttempt({ policy: { scheduleSeconds: [1, 2] }, attemptsInSchedule: 3, random: 0.5 })).toEqual({
      exhausted: true,
    });
    expect(nextAttempt({ policy: { maxAttempts: 1 }, attemptsInSchedule: 1, random: 0.5 })).toEqual({
      exhausted: true,
    });
    expect(nextAttempt({ policy: { scheduleSeconds: [] }, attemptsInSchedule: 1, random: 0.5 })).toEqual({
      exhausted: true,
    });
    expect(delayOf({ policy: { scheduleSeconds: [], maxAttempts: 3 }, attemptsInSchedule: 2, random: 0.5 })).toBe(
      30_000,
    );
  });

  it("takes the default delays for an empty schedule, with the attempts and the Retry-After that were given", () => {
    const policy = { scheduleSeconds: [], maxAttempts: 20 };
    expect(delayOf({ policy, attemptsInSchedule: 15, random: 0.5 })).toBe(86_400_000);
    expect(delayOf({ policy, attemptsInSchedule: 2, random: 0.5, retryAfterMs: 45_000 })).toBe(45_000);
  });

  it("lets Retry-After only lengthen a delay, at most to twice the scheduled one and to 24 h", () => {
    const first = { attemptsInSchedule: 1, random: 0 };
    expect(delayOf({ ...first, retryAfterMs: 7_000 })).toBe(7_000);
    expect(delayOf({ ...first, retryAfterMs: 1_000 })).toBe(5_000);
    expect(delayOf({ ...first, retryAfterMs: 99_999_999_999_000 })).toBe(10_000);
    expect(delayOf({ attemptsInSchedule: 10, random: 0.5, retryAfterMs: Number.POSITIVE_INFINITY })).toBe(86_400_000);
    for (const retryAfterMs of [-1, 0, Number.NaN]) expect(delayOf({ ...first, retryAfterMs })).toBe(4_000);
  });
});
