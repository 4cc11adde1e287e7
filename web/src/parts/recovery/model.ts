/** A recovery as the API tells it, and what follows from it: how fast it is, and how long it will take. */
import type { Schemas } from "../../api/client.js";
import type { DeliveriesSearch } from "../../screens/deliveries/filters/filters.js";

export type Recovery = Schemas["Recovery"];
export type RecoveryStatus = Recovery["status"];

/** Something may still become of it. */
export const isOpen = ({ status }: Pick<Recovery, "status">): boolean =>
  status === "waiting" || status === "running" || status === "paused";

type Counted = Pick<Recovery, "status" | "count" | "progress" | "startedAt" | "updatedAt">;

export const skippedOf = ({ progress: { skipped } }: Pick<Recovery, "progress">): number =>
  Object.values(skipped).reduce((sum, count) => sum + count, 0);

/** Deliveries a second since it was started. Undefined before the first. */
export function speedOf({ progress: { sent }, startedAt, updatedAt }: Counted): number | undefined {
  if (startedAt === undefined || sent === 0) return undefined;
  const seconds = (Date.parse(updatedAt) - Date.parse(startedAt)) / 1_000;
  return seconds < 1 ? undefined : sent / seconds;
}

/** Deliveries that were counted and not sent. Those that are under way for now were sent. */
export function unsentOf({ count = 0, progress }: Pick<Recovery, "count" | "progress">): number {
  return Math.max(0, count - progress.sent - skippedOf({ progress }));
}

/** Milliseconds until everything is handed over, at the speed so far. Undefined where that says nothing. */
export function timeLeftOf(recovery: Counted): number | undefined {
  const speed = speedOf(recovery);
  const unsent = unsentOf(recovery);
  if (recovery.status !== "running" || speed === undefined || unsent === 0) return undefined;
  return (unsent / speed) * 1_000;
}

/** From so many on, more failures than this part of the results say that the endpoint is not mended. */
const ENOUGH = 10;
const MOST_FAIL = 0.5;

/** Whether sending on only spends attempts. */
export const mostFailAgain = ({ progress: { delivered, failedAgain } }: Pick<Recovery, "progress">): boolean =>
  delivered + failedAgain >= ENOUGH && failedAgain / (delivered + failedAgain) > MOST_FAIL;

/** The address of a new recovery with the same filter. */
export function searchOf({ filter }: Pick<Recovery, "filter">): DeliveriesSearch & { mode?: "missing" } {
  const { mode, subscriptionId, groupId, eventType, status, since, until } = filter;
  return {
    ...(mode && { mode }),
    ...(subscriptionId !== undefined && { subscription: subscriptionId }),
    ...(groupId !== undefined && { group: groupId }),
    ...(eventType !== undefined && { type: eventType }),
    ...(status && { status: status.join(",") }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}
