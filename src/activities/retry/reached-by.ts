/** What a delivery has come to by an attempt. Pure. */
import type { RetryItem } from "../../workflows/contract.js";
import type { AttemptResult } from "../attempt.js";
import { looksAgainAt } from "../breaker/gate.js";

/** The item after `result`. A probe of the breaker is none of the delivery's schedule. */
export function reachedBy(item: RetryItem, result: AttemptResult): RetryItem {
  const {
    dueAt: _due,
    reservation: _slot,
    reason: _reason,
    notBefore: _turn,
    asked: _asked,
    unsure: _early,
    pass,
    ...rest
  } = item;
  const attempts = item.attempts + (result.attempt ? 1 : 0);
  const reached = {
    ...rest,
    status: result.status,
    attempts,
    since: Date.now(),
    ...(result.reason !== undefined && { reason: result.reason }),
  };
  if (result.status !== "retrying") return reached;
  if (pass !== "probe") return { ...reached, dueAt: result.dueAt };
  // It goes on waiting with the others, and the attempt is none of its schedule.
  const scheduleBase = item.scheduleBase + (result.attempt ? 1 : 0);
  const reason = `It tried the failing endpoint and waits on, without spending attempts. ${result.reason ?? ""}`.trim();
  return { ...reached, status: "throttled", scheduleBase, reason, dueAt: looksAgainAt(Date.now()) };
}
