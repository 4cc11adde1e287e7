/** What a signal makes of one delivery in `retryDelivery`. */
import type { BreakerPass, RetryItem } from "../contract.js";

/** A retry by hand goes out now and begins the schedule anew. */
export function startedAfresh(item: RetryItem, notBefore?: number): RetryItem {
  const {
    reservation: _slot,
    reason: _reason,
    since: _since,
    notBefore: _pace,
    pass: _pass,
    takenBy: _other,
    ...rest
  } = item;
  return {
    ...rest,
    status: "pending",
    asked: true,
    dueAt: Date.now(),
    scheduleBase: item.attempts,
    ...(notBefore !== undefined && { notBefore }),
  };
}

/** Looks again at what waits for its subscription: at once, or when the breaker lets it go. */
export function wokenUp(
  item: RetryItem,
  { notBefore, pass }: { notBefore?: number; pass?: BreakerPass } = {},
): RetryItem {
  return item.status === "held" || item.status === "throttled"
    ? { ...item, status: "pending", dueAt: notBefore ?? Date.now(), ...(pass && { pass }) }
    : item;
}

export function cancelled(item: RetryItem, reason: string): RetryItem {
  const { dueAt: _due, reservation: _slot, ...rest } = item;
  return { ...rest, status: "cancelled", reason, since: Date.now() };
}

/** Whether a retry that was asked for meanwhile is fulfilled: it was delivered, or another workflow goes on with it. */
export const fulfilsRequests = ({ status, takenBy }: RetryItem): boolean =>
  status === "delivered" || takenBy !== undefined;
