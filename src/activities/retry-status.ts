/** How a delivery in `retryDelivery`'s care stands: what goes into its record, and what its record says. */
import type { Delivery } from "../store/model.js";
import type { DeliveryChange, RefusedChange, Store } from "../store/store.js";
import { recordedByOurClock } from "../workflows/clocks.js";
import { currentWorkflowId } from "./current-workflow.js";
import type { Paced } from "./pace/pace.js";
import { type AttemptReport, type DeliveryStatus, type RetryItem, SETTLED_STATUSES } from "../workflows/contract.js";

export interface StatusChange {
  status: DeliveryStatus;
  /** In plain words, without payload or secret. */
  reason: string;
  /** When each goes on by itself, milliseconds since the epoch. Without it each goes on when told to. */
  dueAtOf?: (item: RetryItem) => number | undefined;
}

/** Puts items into a status without an attempt. Writes only what changed. */
export async function setStatus(
  { store }: { store: Pick<Store, "deliveries"> },
  items: RetryItem[],
  { status, reason, dueAtOf }: StatusChange,
): Promise<AttemptReport> {
  const changed = items.map((item): RetryItem => {
    const { dueAt: _due, reservation: _slot, asked: _asked, pass: _pass, ...rest } = item;
    const dueAt = dueAtOf?.(item);
    return {
      ...rest,
      status,
      reason,
      since: item.status === status ? (item.since ?? Date.now()) : Date.now(),
      ...(dueAt !== undefined && { dueAt }),
    };
  });
  const news = items.flatMap((before, index) => {
    const item = changed[index];
    return item && (before.status !== status || before.dueAt !== item.dueAt)
      ? [{ ...changeOf(item), attempts: item.attempts, ...(before.asked && { asked: true as const }) }]
      : [];
  });
  const refused = news.length > 0 ? await store.deliveries.record(news) : [];
  return { items: asTheyStand(changed, refused, currentWorkflowId()) };
}

/**
 * Puts off what has its slot later, and gives it with its reservation. Never rejects: what is sent meanwhile must be
 * recorded before a failure is told.
 */
export async function putOffByRate(
  dependencies: { store: Pick<Store, "deliveries"> },
  later: Paced<RetryItem>["later"],
): Promise<{ items: RetryItem[] } | { error: unknown }> {
  const slots = new Map(later.map(({ order, later: slot }) => [order.deliveryId, slot]));
  const orders = later.map(({ order }) => order);
  try {
    const { items } = await setStatus(dependencies, orders, {
      status: "throttled",
      reason: "Waiting for the subscription's rate limit.",
      dueAtOf: ({ deliveryId }) => slots.get(deliveryId)?.dueAt,
    });
    return {
      items: items.map((item) => {
        const reservation = slots.get(item.deliveryId)?.reservation;
        return { ...item, ...(reservation && { reservation }) };
      }),
    };
  } catch (error) {
    return { error };
  }
}

/**
 * Where a change was refused, the delivery has gone on elsewhere or was settled meanwhile. The workflow goes on from
 * how it stands.
 */
export function asTheyStand(items: RetryItem[], refused: RefusedChange[], workflowId: string): RetryItem[] {
  const stands = new Map(refused.map((each) => [each.id, each.stands]));
  return items.map((item) => {
    const record = stands.get(item.deliveryId);
    if (!record) return item;
    if (isTakenBy(record, workflowId)) return leftToOther(item, record);
    return {
      ...asRecorded(item, record),
      ...(SETTLED_STATUSES.includes(record.status) && { attempts: Math.max(item.attempts, record.attemptCount) }),
    };
  });
}

/** After a crash of an earlier run. What the record says beyond what the workflow knows was done by that run. */
export function caughtUp(item: RetryItem, record: Delivery | undefined, workflowId: string): RetryItem {
  if (!record || record.attemptCount <= item.attempts) return item;
  return isTakenBy(record, workflowId) ? leftToOther(item, record) : asRecorded(item, record);
}

/**
 * What a run of the activity that was not the first one reports. The engine took an earlier run for lost, and that run
 * may still be sending. So the record is read before the next attempt.
 */
export const afterRerun = (item: RetryItem): RetryItem =>
  SETTLED_STATUSES.includes(item.status) ? item : { ...item, unsure: true };

/**
 * Whether another workflow looks after a delivery by now. One that a person asked for again is named in its record
 * before that workflow starts. This one had settled the delivery, and the engine has not heard of it.
 */
const isTakenBy = ({ workflowId, status }: Delivery, own: string): boolean =>
  workflowId !== undefined && workflowId !== own && !SETTLED_STATUSES.includes(status);

/** Only the workflow's own view of it. Its record is the other one's to write. */
function leftToOther(item: RetryItem, record: Delivery): RetryItem {
  const { dueAt: _due, ...rest } = asRecorded(item, record);
  return {
    ...rest,
    status: "cancelled",
    ...(record.workflowId !== undefined && { takenBy: record.workflowId }),
    reason: `It was asked for again. The workflow ${record.workflowId ?? ""} goes on with it.`,
  };
}

function asRecorded(item: RetryItem, record: Delivery): RetryItem {
  const { dueAt: _due, reservation: _slot, asked: _asked, reason: _reason, pass: _pass, ...rest } = item;
  const now = Date.now();
  const byOurClock = (at: Date): number => recordedByOurClock(at.getTime(), record.updatedAt.getTime(), now);
  return {
    ...rest,
    status: record.status,
    attempts: record.attemptCount,
    since: byOurClock(record.updatedAt),
    ...(record.nextAttemptAt && { dueAt: byOurClock(record.nextAttemptAt) }),
    ...(record.reason !== undefined && { reason: record.reason }),
  };
}

/** What of an item goes into the record. */
export const changeOf = (item: RetryItem, reason = item.reason): DeliveryChange => ({
  id: item.deliveryId,
  status: item.status,
  reason: reason ?? null,
  nextAttemptAt: item.dueAt === undefined ? null : new Date(item.dueAt),
  ...(SETTLED_STATUSES.includes(item.status) && { workflowId: null }),
});
