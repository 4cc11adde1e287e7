/**
 * The regular activities behind `retryDelivery`: attempts at the pace that the consumer allows, and records of what was
 * decided.
 */
import { activityInfo, cancellationSignal, heartbeat } from "@temporalio/activity";
import type { Logger } from "pino";
import type { Delivery, Subscription } from "../store/model.js";
import type { DeliveryChange, RefusedChange, Store } from "../store/store.js";
import { type AttemptReport, type DeliveryStatus, type RetryItem, SETTLED_STATUSES } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { AttemptResult, EventBytes } from "./attempt.js";
import type { EventBytesSource } from "./event-bytes.js";
import type { FirstAttemptsDependencies } from "./first-attempts.js";
import { pace, type Paced } from "./pace/pace.js";
import { DEFAULT_PER_SECOND } from "../catalogue/recovery-filter.js";
import { routingOf, TEST_EVENT_TYPE } from "../catalogue/routes.js";
import type { SubscriptionEffects } from "./subscription-effects.js";
import { createTurns, type Turn } from "./pace/turns.js";

export interface AttemptDependencies extends FirstAttemptsDependencies {
  store: Store;
  catalogue: Catalogue;
  eventBytes: EventBytesSource;
  effects: SubscriptionEffects;
  log: Logger;
  /**
   * Results whose record could not be written yet: a rerun in the same process records them instead of sending again.
   */
  unrecordedRetries: Map<string, RetryItem & { result: AttemptResult }>;
}

/** Requests under way to one endpoint out of one batch of retries. */
const WIDTH = 10;
/** Slots of the token bucket within this time are waited for here, later ones on a durable timer. */
const THROTTLE_WAIT_MS = 2_000;
/** Results are written together: at most so many in one write. */
const RECORD_TOGETHER = 25;

interface Run {
  subscription: Subscription;
  /** Aborted when the workflow is cancelled, or the worker stops waiting for what is under way. */
  signal: AbortSignal;
  /** What each delivery has come to, by id. */
  reached: Map<string, RetryItem>;
  /** Results on their way into the store. */
  open: (RetryItem & { result: AttemptResult })[];
}

/**
 * The activities `attempt` and `recordStatus`. They reject only for failures of our own; the engine then runs them
 * again.
 */
export function createAttempt(dependencies: AttemptDependencies) {
  const { catalogue, store, throttle } = dependencies;
  const turn = createTurns({ distanceMs: 1_000 / DEFAULT_PER_SECOND });

  async function attempt({
    subscriptionId,
    items,
  }: {
    subscriptionId: string;
    items: RetryItem[];
  }): Promise<AttemptReport> {
    // A resume or a new URL must count now: its signal may have come before this process noticed the change by itself.
    await catalogue.refresh();
    const subscription = catalogue.subscription(subscriptionId);
    if (!subscription) return stand(dependencies, items, "cancelled", "The subscription was deleted.");
    const records =
      activityInfo().attempt > 1
        ? await store.deliveries.getMany(items.map(({ deliveryId }) => deliveryId))
        : undefined;
    const current = records ? items.map((item) => caughtUp(item, records.get(item.deliveryId))) : items;
    // What an earlier run of this activity got done is reported, not done again.
    const unmade = current.filter((item, index) => item === items[index]);
    const [sendable, waiting] = parted(unmade, ({ eventType }) => routingOf(subscription, eventType) === "sent");
    const [due, withdrawn] = parted(
      sendable,
      ({ eventType }) => eventType === TEST_EVENT_TYPE || catalogue.granted(subscription.groupId, eventType),
    );
    const why = `The subscription is ${subscription.status}${subscription.statusReason ? `: ${subscription.statusReason}` : "."}`;
    const held = [
      ...(await stand(dependencies, waiting, "held", why)).items,
      ...(await stand(dependencies, withdrawn, "held", "The group is no longer granted this event type.")).items,
    ];
    if (due.length === 0) return merged(current, held);
    const pausedUntil = throttle.pausedUntil(subscription);
    if (pausedUntil > Date.now()) {
      const paused = await stand(
        dependencies,
        due,
        "throttled",
        "The consumer asked for a pause (Retry-After).",
        () => pausedUntil,
      );
      return merged(current, [...held, ...paused.items]);
    }
    return merged(current, [...held, ...(await attemptAll(dependencies, subscription, due, turn))]);
  }

  async function recordStatus({
    items,
    by,
  }: {
    subscriptionId: string;
    items: RetryItem[];
    by?: string;
  }): Promise<void> {
    // Whatever the number of attempts is by now: it was asked for, by a signal or a cancel of the workflow.
    await store.deliveries.record(
      items.map((item) => ({
        ...changeOf(item, by ? `${item.reason ?? ""} (by ${by})`.trim() : item.reason),
        asked: true,
      })),
    );
  }

  return { attempt, recordStatus };
}

const parted = <T>(items: T[], goes: (item: T) => boolean): [T[], T[]] => [
  items.filter(goes),
  items.filter((item) => !goes(item)),
];

const merged = (items: RetryItem[], changed: RetryItem[]): AttemptReport => {
  const byId = new Map(changed.map((item) => [item.deliveryId, item]));
  return { items: items.map((item) => byId.get(item.deliveryId) ?? item) };
};

/** Puts items into a status without an attempt; writes only what changed. */
async function stand(
  { store }: AttemptDependencies,
  items: RetryItem[],
  status: DeliveryStatus,
  reason: string,
  dueAtOf?: (item: RetryItem) => number | undefined,
): Promise<AttemptReport> {
  const changed = items.map((item): RetryItem => {
    const { dueAt: _due, reservation: _slot, asked: _asked, ...rest } = item;
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
  return { items: asTheyStand(changed, refused) };
}

/**
 * Where a change was refused, the delivery has gone on elsewhere or was settled meanwhile: the workflow goes on from
 * how it stands.
 */
function asTheyStand(items: RetryItem[], refused: RefusedChange[]): RetryItem[] {
  const stands = new Map(refused.map((each) => [each.id, each.stands]));
  return items.map((item) => {
    const record = stands.get(item.deliveryId);
    return record
      ? {
          ...asRecorded(item, record),
          ...(SETTLED_STATUSES.includes(record.status) && { attempts: Math.max(item.attempts, record.attemptCount) }),
        }
      : item;
  });
}

/** After a crash of an earlier run: what the record says beyond what the workflow knows was done by that run. */
function caughtUp(item: RetryItem, record: Delivery | undefined): RetryItem {
  return !record || record.attemptCount <= item.attempts ? item : asRecorded(item, record);
}

function asRecorded(item: RetryItem, record: Delivery): RetryItem {
  const { dueAt: _due, reservation: _slot, asked: _asked, reason: _reason, ...rest } = item;
  return {
    ...rest,
    status: record.status,
    attempts: record.attemptCount,
    since: record.updatedAt.getTime(),
    ...(record.nextAttemptAt && { dueAt: record.nextAttemptAt.getTime() }),
    ...(record.reason !== undefined && { reason: record.reason }),
  };
}

async function attemptAll(
  dependencies: AttemptDependencies,
  subscription: Subscription,
  items: RetryItem[],
  turn: Turn,
): Promise<RetryItem[]> {
  const { throttle, unrecordedRetries } = dependencies;
  const run: Run = { subscription, signal: cancellationSignal(), reached: new Map(), open: [] };
  const fresh = items.filter((item) => !takeKept(unrecordedRetries, run, item));
  const bytes = await openAll(dependencies, run, fresh);
  const todo = fresh.filter(({ eventId }) => bytes.has(eventId));
  const { starts: slots, later } = await pace(throttle, subscription, todo, {
    maxWaitMs: THROTTLE_WAIT_MS,
    reservationOf: (item) => item.reservation,
  });
  const starts = inOrder(subscription, slots);
  const laterSlots = new Map(later.map(({ order, later: slot }) => [order.deliveryId, slot]));
  const throttled = await stand(
    dependencies,
    later.map(({ order }) => order),
    "throttled",
    "Waiting for the subscription's rate limit.",
    (item) => laterSlots.get(item.deliveryId)?.dueAt,
  );
  for (const item of throttled.items) {
    const reservation = laterSlots.get(item.deliveryId)?.reservation;
    run.reached.set(item.deliveryId, { ...item, ...(reservation && { reservation }) });
  }
  const runner = async (): Promise<void> => {
    for (let start = starts.shift(); start && !run.signal.aborted; start = starts.shift()) {
      heartbeat();
      const item = start.order;
      const event = bytes.get(item.eventId);
      if (!event) continue;
      if (!subscription.rateLimit && item.notBefore !== undefined) await turn(subscription.id, item.notBefore);
      if (isOutdated(dependencies, subscription, item)) {
        run.reached.set(item.deliveryId, { ...item, status: "pending", dueAt: Date.now() });
        continue;
      }
      if (!(await throttle.begin(subscription, start.start))) {
        run.reached.set(item.deliveryId, { ...item, status: "throttled", dueAt: Date.now() });
        continue;
      }
      await attemptOne(dependencies, run, item, event);
    }
  };
  // After a failure nothing more is begun, and what is under way is waited for: a rerun must find its results, or it
  // would send it again.
  const stopping = (error: unknown): never => {
    starts.length = 0;
    throw error;
  };
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(WIDTH, starts.length) }, () => runner().catch(stopping)),
  );
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  await recordOpen(dependencies, run);
  return [...run.reached.values()];
}

/**
 * What a recovery hands over keeps its pace also where no token bucket does; a slot of a bucket is used when it comes.
 */
const inOrder = ({ rateLimit }: Subscription, slots: Paced<RetryItem>["starts"]): Paced<RetryItem>["starts"] =>
  rateLimit ? slots : slots.toSorted((a, b) => (a.order.notBefore ?? 0) - (b.order.notBefore ?? 0));

/**
 * A run takes minutes with a slow endpoint: what was suspended, moved or erased since it began is not sent, but looked
 * at anew.
 */
function isOutdated(
  { catalogue, store }: AttemptDependencies,
  { id, updatedAt }: Subscription,
  { eventId }: RetryItem,
): boolean {
  return store.erasures.lately(eventId) || catalogue.subscription(id)?.updatedAt.getTime() !== updatedAt.getTime();
}

/**
 * Whether an earlier run of this attempt left a result that is not on record yet; one of an older attempt is out of
 * date.
 */
function takeKept(unrecordedRetries: AttemptDependencies["unrecordedRetries"], run: Run, item: RetryItem): boolean {
  const kept = unrecordedRetries.get(item.deliveryId);
  if (!kept) return false;
  if (kept.attempts - (kept.result.attempt ? 1 : 0) === item.attempts) return run.open.push(kept) > 0;
  unrecordedRetries.delete(item.deliveryId);
  return false;
}

/**
 * The bytes of the events; what has none any more, or none that a key opens, is put aside: trying again would not mend
 * it.
 */
async function openAll(
  dependencies: AttemptDependencies,
  run: Run,
  items: RetryItem[],
): Promise<Map<string, EventBytes>> {
  const unreadable = new Set<string>();
  const bytes = await dependencies.eventBytes.byId(
    items.map(({ eventId }) => eventId),
    (id, code) => {
      unreadable.add(id);
      dependencies.log.error({ event: id, code }, "the event's content cannot be opened: its deliveries are parked");
    },
  );
  const closed = items.filter(({ eventId }) => !bytes.has(eventId));
  const parked = closed.filter(({ eventId }) => unreadable.has(eventId));
  const erased = closed.filter(({ eventId }) => !unreadable.has(eventId));
  const reports = [
    await stand(
      dependencies,
      parked,
      "parked",
      "The event's content cannot be opened with the keys at hand: put the missing master key back, then retry.",
    ),
    await stand(dependencies, erased, "cancelled", "The event's content was erased."),
  ];
  for (const item of reports.flatMap((report) => report.items)) run.reached.set(item.deliveryId, item);
  return bytes;
}

async function attemptOne(
  dependencies: AttemptDependencies,
  run: Run,
  item: RetryItem,
  event: EventBytes,
): Promise<void> {
  const result = await dependencies.deliver({
    event,
    subscription: run.subscription,
    number: item.attempts + 1,
    inSchedule: item.attempts - item.scheduleBase,
    signal: run.signal,
  });
  // Given up before it had an outcome: the workflow decides what becomes of it.
  if (run.signal.aborted && !result.attempt) return;
  const open = { ...reachedBy(item, result), result, ...(item.asked && { asked: item.asked }) };
  dependencies.unrecordedRetries.set(item.deliveryId, open);
  run.open.push(open);
  if (result.effect) await dependencies.effects.apply(run.subscription, result.effect);
  if (run.open.length >= RECORD_TOGETHER) await recordOpen(dependencies, run);
}

function reachedBy(item: RetryItem, result: AttemptResult): RetryItem {
  const { dueAt: _due, reservation: _slot, reason: _reason, notBefore: _turn, asked: _asked, ...rest } = item;
  return {
    ...rest,
    status: result.status,
    attempts: item.attempts + (result.attempt ? 1 : 0),
    since: Date.now(),
    ...(result.reason !== undefined && { reason: result.reason }),
    ...(result.status === "retrying" && { dueAt: result.dueAt }),
  };
}

async function recordOpen({ store, unrecordedRetries, log }: AttemptDependencies, run: Run): Promise<void> {
  const open = run.open.splice(0);
  if (open.length === 0) return;
  const refused = await store.deliveries.record(
    open.map(({ result, asked, ...item }) => ({
      ...changeOf(item),
      attempts: item.attempts - (result.attempt ? 1 : 0),
      ...(asked && { asked }),
      ...(result.attempt && {
        attempt: result.attempt,
        attemptCount: item.attempts,
        groupId: run.subscription.groupId,
      }),
    })),
  );
  if (refused.length > 0)
    log.warn(
      { deliveries: refused.map(({ id, why, stands }) => ({ id, why, status: stands?.status })) },
      "deliveries were changed elsewhere during an attempt: they keep that",
    );
  for (const { result: _result, asked: _asked, ...item } of open) unrecordedRetries.delete(item.deliveryId);
  for (const item of asTheyStand(
    open.map(({ result: _result, asked: _asked, ...item }) => item),
    refused,
  ))
    run.reached.set(item.deliveryId, item);
}

const changeOf = (item: RetryItem, reason = item.reason): DeliveryChange => ({
  id: item.deliveryId,
  status: item.status,
  reason: reason ?? null,
  nextAttemptAt: item.dueAt === undefined ? null : new Date(item.dueAt),
  ...(SETTLED_STATUSES.includes(item.status) && { workflowId: null }),
});
