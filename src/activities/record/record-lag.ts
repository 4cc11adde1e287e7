/**
 * How far the records of a process are behind what it has sent. What was sent and is not on record yet is sent again
 * when the process is killed, or when the engine gives the work to another one. So no attempt begins while an outcome
 * has waited for the database for long.
 */
import { inTimeOr } from "../../store/deadline.js";

export interface RecordLag {
  /** An attempt has an outcome, which is about to be recorded. Call what this gives once it is on record. */
  open(): () => void;
  /** Whether an outcome has waited for so long that nothing more may be sent. */
  isBehind(): boolean;
  /** Whether the records caught up within `waitMs` milliseconds, and before `isOver` said so. Never rejects. */
  caughtUp(waitMs: number, isOver: () => boolean): Promise<boolean>;
}

/**
 * Outcomes are recorded every 200 ms, and a write takes some 50 ms on a database that is well. When nothing gets on
 * record for this time, the database is away.
 */
const STALLED_MS = 500;
/**
 * A database that has much to do takes longer for each write, while others land. With 500 ms for all of them, a fan-out
 * of 20,000 deliveries had 0.71 of its rate.
 */
const BEHIND_MS = 2_000;
/** One outcome that cannot be recorded must not keep everything else from being sent for ever. */
const FORGOTTEN_MS = 60_000;
/** Whoever waits asks so often whether it still wants to. */
const LOOK_MS = 100;

/** @param onChange told how many outcomes are not on record, and how many attempts wait for that */
export function createRecordLag(onChange: (open: number, waiting: number) => void = () => undefined): RecordLag {
  /** When each outcome was there, by the steady clock. A set keeps the order, so the first one is the oldest. */
  const open = new Set<{ since: number }>();
  const waiting = new Set<() => void>();
  let landedAt = 0;
  const changed = (): void => onChange(open.size, waiting.size);

  function isBehind(): boolean {
    const now = performance.now();
    for (const outcome of open) {
      const { since } = outcome;
      if (now - since < FORGOTTEN_MS) return now - since > BEHIND_MS || now - Math.max(since, landedAt) > STALLED_MS;
      open.delete(outcome);
    }
    return false;
  }
  async function change(ms: number): Promise<void> {
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    waiting.add(wake);
    changed();
    await inTimeOr(ms, woken, undefined);
    waiting.delete(wake);
    changed();
  }

  return {
    isBehind,
    open() {
      const outcome = { since: performance.now() };
      open.add(outcome);
      changed();
      return () => {
        open.delete(outcome);
        landedAt = performance.now();
        for (const wake of waiting) wake();
        // A batch closes hundreds at once, and the first of them has woken everybody.
        waiting.clear();
        changed();
      };
    },
    async caughtUp(waitMs, isOver) {
      const until = performance.now() + waitMs;
      while (isBehind()) {
        if (performance.now() >= until || isOver()) return false;
        await change(LOOK_MS);
      }
      return true;
    },
  };
}
