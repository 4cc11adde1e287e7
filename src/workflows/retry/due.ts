/** When the deliveries of one `retryDelivery` go on by themselves. Pure. All times are milliseconds since the epoch. */
import type { RetryItem } from "../contract.js";
import { DAY_MS } from "../durations.js";
import { RESERVED_TOGETHER_MS } from "../gcra.js";

/** What is known of the run. */
interface Run {
  readonly input: { readonly parkOpenDays: number };
  /** When held deliveries were last looked at. */
  readonly lookedAt: number;
}

/** When a delivery goes on by itself. What is parked never does. */
export function dueAt({ status, dueAt: at, reservation }: RetryItem, { lookedAt }: Pick<Run, "lookedAt">): number {
  if (status === "parked") return Number.POSITIVE_INFINITY;
  if (status === "held") return lookedAt + DAY_MS;
  return (at ?? 0) - (reservation ? RESERVED_TOGETHER_MS : 0);
}

/** Until when a parked delivery keeps its workflow open. */
const keepsOpenUntil = ({ since }: RetryItem, { input }: Pick<Run, "input">, now: number): number =>
  (since ?? now) + input.parkOpenDays * DAY_MS;

/**
 * What is parked for long does not keep the workflow open alone. While something else does, it can still be told to go
 * on here.
 */
export const keepsOpen = (item: RetryItem, run: Pick<Run, "input">, now: number): boolean =>
  item.status !== "parked" || keepsOpenUntil(item, run, now) > now;

/** When the workflow has to look at a delivery, without a signal or a report. */
export function nextLookAt(item: RetryItem, run: Run, { now, mayRun }: { now: number; mayRun: boolean }): number {
  if (item.status === "parked") return keepsOpenUntil(item, run, now);
  // Due, but all runs are taken: the report of one of them is the news to wait for.
  return mayRun ? dueAt(item, run) : Number.POSITIVE_INFINITY;
}
