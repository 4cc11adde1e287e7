/** One run of attempts at a subscription: the bytes, the pace, the requests side by side, and the records of them. */
import { cancellationSignal, heartbeat } from "@temporalio/activity";
import type { Logger } from "pino";
import type { Subscription } from "../store/model.js";
import type { RefusedChange, Store } from "../store/store.js";
import { sideBySide } from "../side-by-side.js";
import type { RetryItem } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { looksAgainAt } from "./breaker/gate.js";
import type { AttemptResult, EventBytes } from "./attempt.js";
import type { EventBytesSource } from "./event-bytes.js";
import { currentWorkflowId } from "./current-workflow.js";
import { addedAttempt, withChange } from "./first-records.js";
import type { FirstAttemptsDependencies } from "./first-attempts.js";
import { enterPlace } from "./places/attempt-place.js";
import type { WorkPlaces } from "./places/work-places.js";
import { pace, type Paced } from "./pace/pace.js";
import type { Start } from "./pace/slot.js";
import type { Turn } from "./pace/turns.js";
import { asTheyStand, changeOf, putOffByRate, setStatus } from "./retry-status.js";
import type { SubscriptionEffects } from "./subscription-effects.js";

export interface AttemptDependencies extends FirstAttemptsDependencies {
  store: Store;
  catalogue: Catalogue;
  eventBytes: EventBytesSource;
  effects: SubscriptionEffects;
  log: Logger;
  places: Pick<WorkPlaces, "attempts" | "retries">;
  /**
   * Results whose record could not be written yet. A rerun in the same process records them instead of sending again.
   */
  unrecordedRetries: Map<string, RetryItem & { result: AttemptResult }>;
}

/** Requests under way to one endpoint out of one batch of retries. */
const WIDTH = 10;
/** Slots of the token bucket within this time are waited for here, later ones on a durable timer. */
const THROTTLE_WAIT_MS = 2_000;
/** What finds no place within this time comes back after the next. An activity must not be held for long by others. */
const PLACE_WAIT_MS = 15_000;
const NO_PLACE_AGAIN_MS = 10_000;
/**
 * A run begins no attempt after this time, because it holds a slot of the worker, and its workflow waits for its
 * report.
 */
const RUN_MS = 30_000;
/** Results are written together: at most so many in one write. */
const RECORD_TOGETHER = 25;

/** A probe of the breaker is an attempt for the record, and none of the delivery's schedule. */
const OUT_OF_SCHEDULE = -1;

/** Well below the minute after which the engine takes the activity for lost. */
const HEARTBEAT_MS = 10_000;

interface Run {
  subscription: Subscription;
  /** Aborted when the workflow is cancelled, or the worker stops waiting for what is under way. */
  signal: AbortSignal;
  /** What each delivery has come to, by id. */
  reached: Map<string, RetryItem>;
  /** Results on their way into the store. */
  open: (RetryItem & { result: AttemptResult })[];
  /** An attempt found no place. The others of this run would wait as long and hold its slot meanwhile. */
  isFull: boolean;
}

/** Attempts all of them, side by side, and gives what each has come to. */
export async function attemptAll(
  dependencies: AttemptDependencies,
  subscription: Subscription,
  items: RetryItem[],
  turn: Turn,
): Promise<RetryItem[]> {
  const { throttle, unrecordedRetries } = dependencies;
  const run: Run = { subscription, signal: cancellationSignal(), reached: new Map(), open: [], isFull: false };
  const fresh = items.filter((item) => !reuseResult(unrecordedRetries, run, item));
  const bytes = await openAll(dependencies, run, fresh);
  const todo = fresh.filter(({ eventId }) => bytes.has(eventId));
  const { starts: slots, later } = await pace(throttle, subscription, todo, {
    maxWaitMs: THROTTLE_WAIT_MS,
    reservationOf: (item) => item.reservation,
  });
  const starts = inOrder(subscription, slots);
  // Beside the requests. A busy store takes longer for this write than a slot lasts, which is 215 ms at 50/s.
  const putOff = putOffByRate(dependencies, later);
  // An attempt may wait for a connection, and then for its answer. The engine must not take it for lost meanwhile.
  const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
  const until = performance.now() + RUN_MS;
  await sideBySide(WIDTH, starts, async ({ order: item, start }) => {
    // What is not begun is given back as it was, and is due at once.
    if (run.signal.aborted || dependencies.stopping?.aborted || performance.now() > until) return;
    heartbeat();
    const event = bytes.get(item.eventId);
    if (!event) return;
    if (!subscription.rateLimit && item.notBefore !== undefined) await turn(subscription.id, item.notBefore);
    await attemptInTurn(dependencies, run, { item, start, event });
  }).finally(() => clearInterval(beat));
  await recordOpen(dependencies, run);
  const waiting = await putOff;
  if ("error" in waiting) throw waiting.error;
  for (const item of waiting.items) run.reached.set(item.deliveryId, item);
  return [...run.reached.values()];
}

/** One item, once it has a place. */
async function attemptInTurn(
  dependencies: AttemptDependencies,
  run: Run,
  { item, start, event }: { item: RetryItem; start: Start; event: EventBytes },
): Promise<void> {
  const { subscription } = run;
  const wanted = { subscription, start, since: event.acceptedAt, waitMs: PLACE_WAIT_MS };
  const place = run.isFull ? "full" : await enterPlace(dependencies, wanted);
  if (place === "missed") {
    run.reached.set(item.deliveryId, { ...item, status: "throttled", dueAt: Date.now() });
    return;
  }
  if (place === "full") {
    run.isFull = true;
    run.reached.set(item.deliveryId, { ...item, dueAt: Date.now() + NO_PLACE_AGAIN_MS });
    return;
  }
  try {
    if (
      isOutdated(dependencies, subscription, item) ||
      dependencies.breaker?.whyWaits(subscription, item) !== undefined
    )
      run.reached.set(item.deliveryId, { ...item, status: "pending", dueAt: Date.now() });
    else await attemptOne(dependencies, run, item, event);
  } finally {
    place.leave();
  }
}

/**
 * What a recovery hands over keeps its pace also where no token bucket does. A slot of a bucket is used when it comes.
 */
const inOrder = ({ rateLimit }: Subscription, slots: Paced<RetryItem>["starts"]): Paced<RetryItem>["starts"] =>
  rateLimit ? slots : slots.toSorted((a, b) => (a.order.notBefore ?? 0) - (b.order.notBefore ?? 0));

/**
 * A run takes minutes with a slow endpoint. What was suspended, moved or erased since it began is not sent, but looked
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
 * Whether an earlier run of this attempt left a result that is not on record yet. A result of an older attempt is out
 * of date.
 */
function reuseResult(unrecordedRetries: AttemptDependencies["unrecordedRetries"], run: Run, item: RetryItem): boolean {
  const kept = unrecordedRetries.get(item.deliveryId);
  if (!kept) return false;
  if (kept.attempts - (kept.result.attempt ? 1 : 0) === item.attempts) return run.open.push(kept) > 0;
  unrecordedRetries.delete(item.deliveryId);
  return false;
}

/**
 * The bytes of the events. An event is put aside if it has no bytes any more, or none that a key opens. Trying again
 * would not mend it.
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
    await setStatus(dependencies, parked, {
      status: "parked",
      reason:
        "The event's content cannot be opened with the keys at hand: put the missing master key back, then retry.",
    }),
    await setStatus(dependencies, erased, { status: "cancelled", reason: "The event's content was erased." }),
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
    inSchedule: item.pass === "probe" ? OUT_OF_SCHEDULE : item.attempts - item.scheduleBase,
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

async function recordOpen({ store, unrecordedRetries, log }: AttemptDependencies, run: Run): Promise<void> {
  const open = run.open.splice(0);
  if (open.length === 0) return;
  const first = await store.deliveries.record(
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
  const refused = await Promise.all(first.map((each) => recordNext(store, each, open)));
  if (refused.length > 0)
    log.warn(
      { deliveries: refused.map(({ id, why, stands }) => ({ id, why, status: stands?.status })) },
      "deliveries were changed elsewhere during an attempt, and that change is kept",
    );
  for (const { result: _result, asked: _asked, ...item } of open) unrecordedRetries.delete(item.deliveryId);
  for (const item of asTheyStand(
    open.map(({ result: _result, asked: _asked, ...item }) => item),
    refused,
    currentWorkflowId(),
  ))
    run.reached.set(item.deliveryId, item);
}

/** Writers of one delivery that come between our read and our write, before we give up. */
const TRIES = 10;

/**
 * An attempt that was made is on record, also where another one was recorded meanwhile. Ours has the next number then.
 * Gives how the delivery stands after that.
 */
async function recordNext(store: Store, given: RefusedChange, open: Run["open"]): Promise<RefusedChange> {
  const made = open.find(({ deliveryId }) => deliveryId === given.id);
  let refused = given;
  for (let tries = 0; made && refused.why === "outdated" && refused.stands && tries < TRIES; tries++) {
    const change = addedAttempt(refused.stands, { kind: "attempted", result: made.result });
    if (!change) break;
    const [again] = await store.deliveries.record([{ ...change, ...(made.asked && { asked: made.asked }) }]);
    if (!again) return { ...refused, stands: withChange(refused.stands, change) };
    refused = again;
  }
  return refused;
}
