/** One run of attempts at a subscription: the bytes, the pace, the requests side by side, and the records of them. */
import { cancellationSignal, heartbeat } from "@temporalio/activity";
import type { Logger } from "pino";
import type { Subscription } from "../store/model.js";
import type { Store } from "../store/store.js";
import { sideBySide } from "../side-by-side.js";
import type { RetryItem } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { openEvents } from "./retry/open-events.js";
import { reachedBy } from "./retry/reached-by.js";
import { sleepUntil } from "./retry/sleep-until.js";
import { createRunResults, type RunResults, type RunResultsDependencies } from "./retry/run-results.js";
import type { OpenResult } from "./retry/write-results.js";
import { dropRecorded } from "./record/late-records.js";
import type { EventBytes } from "./attempt.js";
import type { EventBytesSource } from "./event-bytes.js";
import type { FirstAttemptsDependencies } from "./first-attempts.js";
import { enterPlace } from "./places/attempt-place.js";
import type { StoreWork } from "./places/retry-place.js";
import type { WorkPlaces } from "./places/work-places.js";
import { pace, type Paced } from "./pace/pace.js";
import type { Start } from "./pace/slot.js";
import type { Turn } from "./pace/turns.js";
import { putOffByRate } from "./retry-status.js";
import type { SubscriptionEffects } from "./subscription-effects.js";

export interface AttemptDependencies extends FirstAttemptsDependencies, RunResultsDependencies {
  store: Store;
  catalogue: Catalogue;
  eventBytes: EventBytesSource;
  effects: SubscriptionEffects;
  log: Logger;
  places: Pick<WorkPlaces, "attempts" | "unrecorded" | "retries" | "pacedRetries" | "pacedStoreWork">;
}

/** Requests under way to one endpoint out of one batch of retries. */
const WIDTH = 10;
/**
 * One that missed its slot asks for another here, with its bytes at hand. A round by way of the workflow costs more.
 */
const ROUNDS = 3;
/** So long before its slot a run reads what it sends. */
const OPEN_AHEAD_MS = 500;
/** What finds no place within this time comes back after the next. An activity must not be held for long by others. */
const PLACE_WAIT_MS = 15_000;
const NO_PLACE_AGAIN_MS = 10_000;
/**
 * A run begins no attempt after this time, because it holds a slot of the worker, and its workflow waits for its
 * report.
 */
const RUN_MS = 30_000;
/** It writes nothing, so it takes no turn at the store. */
const NOTHING_PUT_OFF: ReturnType<typeof putOffByRate> = Promise.resolve({ items: [] });

/** A probe of the breaker is an attempt for the record, and none of the delivery's schedule. */
const OUT_OF_SCHEDULE = -1;

/** Well below the minute after which the engine takes the activity for lost. */
const HEARTBEAT_MS = 10_000;

interface Run {
  subscription: Subscription;
  /** Aborted when the workflow is cancelled, or the worker stops waiting for what is under way. */
  signal: AbortSignal;
  /** Spreads what a recovery hands over. */
  turn: Turn;
  storeWork: StoreWork;
  /** What each delivery has come to, by id. */
  reached: Map<string, RetryItem>;
  /** On their way into the store. */
  results: RunResults;
  /** What has been read for it, by event id. */
  bytes: Map<string, EventBytes>;
  /** An attempt found no place. The others of this run would wait as long and hold its slot meanwhile. */
  isFull: boolean;
}

/** Attempts all of them, side by side, and gives what each has come to. */
export async function attemptAll(
  dependencies: AttemptDependencies,
  subscription: Subscription,
  items: RetryItem[],
  { turn, storeWork, kept }: { turn: Turn; storeWork: StoreWork; kept: ReadonlyMap<string, OpenResult> },
): Promise<RetryItem[]> {
  const reached = new Map<string, RetryItem>();
  const results = createRunResults(dependencies, { groupId: subscription.groupId, storeWork, reached });
  const run: Run = {
    ...{ subscription, signal: cancellationSignal(), turn, storeWork, isFull: false },
    ...{ reached, results, bytes: new Map() },
  };
  // It may wait for a slot, for a connection, and then for an answer. The engine must not take it for lost meanwhile.
  const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
  try {
    const fresh = items.filter((item) => !reuseResult(dependencies, run, item, kept));
    const missed = await attemptInRounds(dependencies, run, fresh).finally(() => results.end());
    for (const { reservation: _missed, ...item } of missed)
      run.reached.set(item.deliveryId, { ...item, status: "throttled", dueAt: Date.now() });
  } finally {
    clearInterval(beat);
  }
  return [...run.reached.values()];
}

/** Takes slots and makes the attempts, again for those that missed theirs. Gives what has missed the last one too. */
async function attemptInRounds(
  dependencies: AttemptDependencies,
  run: Run,
  fresh: readonly RetryItem[],
): Promise<readonly RetryItem[]> {
  const { throttle } = dependencies;
  let todo = fresh;
  for (let rounds = 0; todo.length > 0 && rounds < ROUNDS; rounds++) {
    // A pause that began meanwhile is told as such by the next run.
    if (rounds > 0 && throttle.pausedUntil(run.subscription) > 0) break;
    const { starts, later } = await pace(throttle, run.subscription, todo, {
      maxWaitMs: throttle.worthWaitingMs(),
      reservationOf: (item) => (rounds === 0 ? item.reservation : undefined),
    });
    // Beside the requests. A busy store takes longer for this write than a slot lasts, which is 215 ms at 50/s.
    const putOff = later.length > 0 ? run.storeWork(() => putOffByRate(dependencies, later)) : NOTHING_PUT_OFF;
    todo = await attemptInTime(dependencies, run, inOrder(run.subscription, starts)).finally(() => putOff);
    const waiting = await putOff;
    if ("error" in waiting) throw waiting.error;
    for (const item of waiting.items) run.reached.set(item.deliveryId, item);
  }
  return todo;
}

/** Makes the attempts whose slots have come. Gives those that missed theirs. */
async function attemptInTime(
  dependencies: AttemptDependencies,
  run: Run,
  starts: Paced<RetryItem>["starts"],
): Promise<RetryItem[]> {
  if (starts.length === 0) return [];
  const missed: RetryItem[] = [];
  const first = Math.min(...starts.map(({ start }) => start.at));
  await sleepUntil(first - OPEN_AHEAD_MS, { mostMs: RUN_MS, ends: [run.signal, dependencies.stopping] });
  await openMore(dependencies, run, starts);
  const until = performance.now() + RUN_MS;
  await sideBySide(WIDTH, starts, async ({ order: item, start }) => {
    // What is not begun is given back as it was, and is due at once.
    if (run.signal.aborted || dependencies.stopping?.aborted || run.results.hasFailed() || performance.now() > until)
      return;
    heartbeat();
    const event = run.bytes.get(item.eventId);
    if (!event) return;
    if (!run.subscription.rateLimit && item.notBefore !== undefined)
      await run.turn(run.subscription.id, item.notBefore);
    if ((await attemptInTurn(dependencies, run, { item, start, event })) === "missed") missed.push(item);
  });
  return missed;
}

/** Payloads are not held in memory while a run sleeps. Those of an earlier round are at hand. */
async function openMore(
  dependencies: AttemptDependencies,
  run: Run,
  starts: Paced<RetryItem>["starts"],
): Promise<void> {
  const more = starts.map(({ order }) => order).filter(({ eventId }) => !run.bytes.has(eventId));
  if (more.length === 0) return;
  const { bytes, closed } = await run.storeWork(() => openEvents(dependencies, more));
  for (const [id, event] of bytes) run.bytes.set(id, event);
  for (const item of closed) run.reached.set(item.deliveryId, item);
}

/** One item, once it has a place. */
async function attemptInTurn(
  dependencies: AttemptDependencies,
  run: Run,
  { item, start, event }: { item: RetryItem; start: Start; event: EventBytes },
): Promise<"missed" | undefined> {
  const { subscription } = run;
  const wanted = {
    subscription,
    start,
    since: event.acceptedAt,
    waitMs: PLACE_WAIT_MS,
    isOver: () => run.results.hasFailed(),
  };
  const place = run.isFull ? "full" : await enterPlace(dependencies, wanted);
  if (place === "missed") return "missed";
  if (place === "full") {
    run.isFull = true;
    run.reached.set(item.deliveryId, { ...item, dueAt: Date.now() + NO_PLACE_AGAIN_MS });
    return undefined;
  }
  try {
    if (
      isOutdated(dependencies, subscription, item) ||
      dependencies.breaker?.whyWaits(subscription, item) !== undefined
    )
      run.reached.set(item.deliveryId, { ...item, status: "pending", dueAt: Date.now() });
    else await attemptOne(dependencies, run, item, event);
    return undefined;
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
 * Whether an earlier run of this attempt left a result that was not on record when this run began. A result of an older
 * attempt is out of date.
 */
function reuseResult(
  { unrecordedRetries }: AttemptDependencies,
  run: Run,
  item: RetryItem,
  earlier: ReadonlyMap<string, OpenResult>,
): boolean {
  const kept = earlier.get(item.deliveryId);
  if (!kept) return false;
  if (kept.attempts - (kept.result.attempt ? 1 : 0) === item.attempts) {
    run.results.reuse(kept);
    return true;
  }
  dropRecorded(unrecordedRetries, item.deliveryId, kept);
  return false;
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
  run.results.add(open);
  if (result.effect) await dependencies.effects.apply(run.subscription, result.effect);
  run.results.ask();
}
