/**
 * `retryDelivery`: looks after one or many deliveries of one subscription until each is settled: durable timers, attempts,
 * signals from operators. It stays open while something in it is parked, so that operations find it in the Temporal UI.
 */
import {
  allHandlersFinished, condition, continueAsNew, defineQuery, defineSignal, proxyActivities, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo,
} from "@temporalio/workflow";
import { type Activities, type CancelSignal, type DeliveryStatus, QUERY, type RetryDeliveryInput, type RetryItem, type RetrySignal, SETTLED_STATUSES, SIGNAL } from "./contract.js";
import { describe } from "./describe.js";
import { statusAttribute, statusOf } from "./search-attributes.js";

export const retrySignal = defineSignal<[RetrySignal?]>(SIGNAL.retry);
export const cancelSignal = defineSignal<[CancelSignal?]>(SIGNAL.cancel);
export const wakeSignal = defineSignal(SIGNAL.wake);
export const stateQuery = defineQuery<RetryItem[]>(QUERY.state);

const { attempt, recordStatus } = proxyActivities<Pick<Activities, "attempt" | "recordStatus">>({
  startToCloseTimeout: "10 minutes",
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** Deliveries in one run of the activity. */
const CHUNK = 50;
/** History events and signals after which the workflow goes on in a new run; Temporal suggests it at 4,096 and does not count signals. */
const HISTORY_LIMIT = 3_500;
const SIGNAL_LIMIT = 8_000;
/** Longest sleep without a look; held deliveries are woken by signal, this is the safety net. */
const LOOK_AGAIN_MS = 86_400_000;
const DAY_MS = 86_400_000;

interface Wishes {
  retry: RetrySignal[];
  cancel: CancelSignal[];
  wake: boolean;
  signals: number;
}

/** Ends when every delivery is settled, or parked for longer than `parkOpenDays`; those stay resendable over REST. */
export async function retryDelivery(input: RetryDeliveryInput): Promise<void> {
  const items = new Map(input.items.map((item) => [item.deliveryId, item]));
  const wishes: Wishes = { retry: [], cancel: [], wake: false, signals: 0 };
  listen(items, wishes);
  let shown: DeliveryStatus | undefined;
  for (;;) {
    await grant(wishes, items, input);
    shown = show(items, input, shown);
    const now = Date.now();
    for (const [id, item] of items) if (item.status === "parked" && now - (item.since ?? now) > input.parkOpenDays * DAY_MS) items.delete(id);
    const open = [...items.values()].filter(({ status }) => !SETTLED_STATUSES.includes(status));
    if (open.length === 0) break;
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > HISTORY_LIMIT || wishes.signals > SIGNAL_LIMIT) {
      await condition(allHandlersFinished);
      if (!wished(wishes)) return continueAsNew<typeof retryDelivery>({ ...input, items: open });
      continue;
    }
    const due = open.filter((item) => dueAt(item) <= now);
    if (due.length > 0) {
      const report = await attempt({ subscriptionId: input.subscriptionId, items: due.slice(0, CHUNK) });
      for (const item of report.items) items.set(item.deliveryId, item);
    } else {
      const next = Math.min(...open.map((item) => (item.status === "parked" ? (item.since ?? now) + input.parkOpenDays * DAY_MS : dueAt(item))));
      const woken = await condition(() => wished(wishes), Math.max(1, Math.min(next - now, LOOK_AGAIN_MS)));
      if (!woken && next - now > LOOK_AGAIN_MS) wishes.wake = true;
    }
  }
  await condition(allHandlersFinished);
}

/** Handlers only note what is wished for; the loop acts, so that nothing happens in the middle of an attempt. */
function listen(items: Map<string, RetryItem>, wishes: Wishes): void {
  const noted = (note: () => void): void => {
    wishes.signals++;
    note();
  };
  setHandler(retrySignal, (wish) => noted(() => wishes.retry.push(wish ?? {})));
  setHandler(cancelSignal, (wish) => noted(() => wishes.cancel.push(wish ?? {})));
  setHandler(wakeSignal, () => noted(() => (wishes.wake = true)));
  setHandler(stateQuery, () => [...items.values()]);
}

const wished = ({ retry, cancel, wake }: Wishes): boolean => retry.length > 0 || cancel.length > 0 || wake;

/** Held and parked deliveries wait to be told; the others have their time. */
const dueAt = ({ status, dueAt: at }: RetryItem): number => (status === "held" || status === "parked" ? Number.POSITIVE_INFINITY : (at ?? 0));

async function grant(wishes: Wishes, items: Map<string, RetryItem>, { subscriptionId }: RetryDeliveryInput): Promise<void> {
  for (const { deliveryIds } of wishes.retry.splice(0)) {
    for (const item of chosen(items, deliveryIds)) {
      const { reservation: _slot, reason: _reason, ...rest } = item;
      items.set(item.deliveryId, { ...rest, status: "pending", dueAt: Date.now(), scheduleBase: item.attempts });
    }
  }
  if (wishes.wake) {
    wishes.wake = false;
    for (const item of items.values()) {
      if (item.status === "held" || item.status === "throttled") items.set(item.deliveryId, { ...item, status: "pending", dueAt: Date.now() });
    }
  }
  for (const { deliveryIds, by, reason } of wishes.cancel.splice(0)) {
    const cancelled = chosen(items, deliveryIds).filter(({ status }) => !SETTLED_STATUSES.includes(status)).map((item): RetryItem => {
      const { dueAt: _due, reservation: _slot, ...rest } = item;
      return { ...rest, status: "cancelled", reason: reason ?? "Cancelled by hand.", since: Date.now() };
    });
    if (cancelled.length > 0) await recordStatus({ subscriptionId, items: cancelled, ...(by !== undefined && { by }) });
    for (const item of cancelled) items.set(item.deliveryId, item);
  }
}

/** With ids, those deliveries in whatever status; without, all that are not settled. */
function chosen(items: Map<string, RetryItem>, deliveryIds: string[] | undefined): RetryItem[] {
  if (deliveryIds === undefined || deliveryIds.length === 0) return [...items.values()].filter(({ status }) => !SETTLED_STATUSES.includes(status));
  return deliveryIds.flatMap((id) => items.get(id) ?? []);
}

/** The status goes into the search attributes only when it changes: each upsert is an event of the history. */
function show(items: Map<string, RetryItem>, input: RetryDeliveryInput, shown: DeliveryStatus | undefined): DeliveryStatus {
  const all = [...items.values()];
  setCurrentDetails(describe(all, input.parkOpenDays));
  const status = statusOf(all);
  if (status !== (shown ?? statusOf(input.items))) upsertSearchAttributes(statusAttribute(status));
  return status;
}
