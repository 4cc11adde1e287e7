/** When a failed delivery is tried again. Pure: the caller passes the random number. */
import { DAY_MS } from "./durations.js";

/** Seconds between attempts when the subscription has no schedule of its own: 12 attempts within three days. */
export const DEFAULT_SCHEDULE_SECONDS: readonly number[] = [
  5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400,
];

/** Time of one attempt for its connection, and anew for its answer, when the subscription names none, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 15_000;

/** A delay is spread by so much to either side, so that what failed together does not come back together. */
const JITTER = 0.2;
/** Longest wait between two attempts, whatever schedule or Retry-After say. */
const MAX_DELAY_MS = DAY_MS;

/** The part of a subscription's retry policy that decides when to try again. */
export interface SchedulePolicy {
  /** Seconds between attempts. The last one repeats up to `maxAttempts`. */
  scheduleSeconds?: readonly number[];
  /** Attempts in one schedule, the first one included. Without it: one more than the schedule has delays. */
  maxAttempts?: number;
}

export interface NextAttemptOrder {
  policy?: SchedulePolicy;
  /** Attempts made since the schedule began, at least 1. */
  attemptsInSchedule: number;
  /** What a Retry-After asked for, milliseconds. */
  retryAfterMs?: number;
  /** Uniform in [0, 1). */
  random: number;
}

/**
 * When to try again, or that the schedule is used up. Delays are whole milliseconds.
 *
 * Retry-After moves the delay between the scheduled one and twice that, at most 24 h. So a consumer cannot use up the
 * schedule by asking for haste, nor stretch it to years. That nothing is sent before the time it asked for is the
 * pause's part (`Throttle.pause`), which holds for the whole subscription.
 */
export function nextAttempt({
  policy = {},
  attemptsInSchedule,
  retryAfterMs,
  random,
}: NextAttemptOrder): { delayMs: number } | { exhausted: true } {
  const schedule = policy.scheduleSeconds ?? DEFAULT_SCHEDULE_SECONDS;
  const maxAttempts = policy.maxAttempts ?? schedule.length + 1;
  if (attemptsInSchedule >= maxAttempts) return { exhausted: true };
  const seconds = schedule[Math.min(Math.max(attemptsInSchedule, 1), schedule.length) - 1];
  // An empty schedule means a single attempt, unless more are asked for: then the default delays apply.
  if (seconds === undefined)
    return nextAttempt({
      policy: { maxAttempts },
      attemptsInSchedule,
      random,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  const base = seconds * 1_000;
  const jittered = base * (1 - JITTER + 2 * JITTER * random);
  const delay =
    retryAfterMs === undefined || !(retryAfterMs > 0)
      ? jittered
      : Math.min(Math.max(jittered, base, retryAfterMs), 2 * base);
  return { delayMs: Math.round(Math.min(delay, MAX_DELAY_MS)) };
}
