/** What a signal makes of one delivery in `retryDelivery`. */
import type { RetryItem } from "../contract.js";

/** A retry by hand goes out now and begins the schedule anew. */
export function startedAfresh(item: RetryItem, notBefore?: number): RetryItem {
  const { reservation: _slot, reason: _reason, since: _since, notBefore: _pace, takenBy: _other, ...rest } = item;
  return {
    ...rest,
    status: "pending",
    asked: true,
    dueAt: Date.now(),
    scheduleBase: item.attempts,
    ...(notBefore !== undefined && { notBefore }),
  };
}

/** Looks again at once at what waits for its subscription. */
export function wokenUp(item: RetryItem): RetryItem {
  return item.status === "held" || item.status === "throttled"
    ? { ...item, status: "pending", dueAt: Date.now() }
    : item;
}

export function cancelled(item: RetryItem, reason: string): RetryItem {
  const { dueAt: _due, reservation: _slot, ...rest } = item;
  return { ...rest, status: "cancelled", reason, since: Date.now() };
}

/** Whether a retry that was asked for meanwhile is fulfilled: it was delivered, or another workflow goes on with it. */
export const fulfilsRequests = ({ status, takenBy }: RetryItem): boolean =>
  status === "delivered" || takenBy !== undefined;
