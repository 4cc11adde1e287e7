/**
 * How long before its slot a delivery is woken. It sleeps on a durable timer. Between that timer and the slot lie a
 * workflow task and an activity, and a busy machine takes seconds for them. Who comes too late needs another slot, and
 * each further round makes the machine busier. So the lead follows how late the last ones came.
 */

/** At rest: a durable timer is precise to a second. */
const LEAST_MS = 1_000;
/** Whoever waits holds one of the worker's slots for activities. */
export const LONGEST_LEAD_MS = 8_000;
/** What was late counts half after this time. */
const HALF_LIFE_MS = 20_000;
/** The next one may come later than the latest so far. */
const MARGIN = 1.25;

/** Shared by all subscriptions of a process, because they wait for the same processors and the same engine. */
export interface Lead {
  /** Milliseconds before the slot, at least 1,000 and at most 8,000. */
  ms(): number;
  /** One came so long after it was due, in milliseconds. Negative: before that. */
  came(lateMs: number): void;
}

/** `now` is a steady clock, in milliseconds. */
export function createLead(now: () => number = () => performance.now()): Lead {
  let worst = { lateMs: 0, at: now() };
  const lateness = (): number => worst.lateMs * 0.5 ** ((now() - worst.at) / HALF_LIFE_MS);
  return {
    ms: () => Math.round(Math.min(LEAST_MS + MARGIN * lateness(), LONGEST_LEAD_MS)),
    came(lateMs) {
      // Nobody is woken earlier than the longest lead, so more than that says nothing more.
      if (lateMs > lateness()) worst = { lateMs: Math.min(lateMs, LONGEST_LEAD_MS), at: now() };
    },
  };
}
