/**
 * Times that one clock has reckoned, read by another. Clocks of workers and of the engine may differ, and each of them
 * may jump. What is meant is "in 5 s". What is written is an instant. Pure. All times are milliseconds.
 */
import type { RetryItem } from "./contract.js";

/**
 * Clocks that differ by no more are taken for equal. NTP keeps them within a fraction of a second, and a message takes
 * its time as well.
 */
export const CLOCK_SLACK_MS = 5_000;

/**
 * By how much a clock that showed `asOf` is ahead of one that shows `now` later on. It is 0 if the difference is
 * ordinary.
 */
export const aheadMs = (asOf: number | undefined, now: number): number =>
  asOf !== undefined && Number.isFinite(asOf) && asOf - now > CLOCK_SLACK_MS ? asOf - now : 0;

/**
 * An instant out of a record by our clock. It was reckoned by the clock that wrote the record at `writtenAt`. If that
 * one was ahead, then the instant lies too far ahead as well.
 */
export const recordedByOurClock = (at: number, writtenAt: number, now: number): number => at - aheadMs(writtenAt, now);

/**
 * The items with what lies ahead by the other clock as far ahead of ours. A reservation stays: it is the bucket's time.
 */
export function itemsByOurClock(items: readonly RetryItem[], asOf: number | undefined, now: number): RetryItem[] {
  const ahead = aheadMs(asOf, now);
  return items.map((item) => ({
    ...item,
    ...(item.dueAt !== undefined && { dueAt: item.dueAt - ahead }),
    ...(item.since !== undefined && { since: item.since - ahead }),
  }));
}
