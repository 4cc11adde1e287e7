/**
 * `retryDelivery`: looks after the deliveries that one dispatch has not settled, until each is. It has durable timers,
 * makes attempts and takes signals from operators. Each subscription has a lane of its own. The workflow stays open
 * while something in it is parked, so that operations find it in the Temporal UI.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
} from "@temporalio/workflow";
import { type SearchAttributePair } from "@temporalio/common";
import type { RetryDeliveryInput, RetryItem, SubscriptionItems } from "./contract.js";
import { aheadMs, itemsByOurClock } from "./clocks.js";
import { describe } from "./retry/describe.js";
import { lacksProof, refuseUnproven } from "./proof.js";
import { dueAt, keepsOpen, nextLookAt } from "./retry/due.js";
import { cancelled, fulfilsRequests } from "./retry/items.js";
import { type Lane, subscriptionsOf } from "./retry/lanes.js";
import { apply, takeRequests } from "./retry/requests.js";
import { attempt, recordStatus } from "./retry/retry-activities.js";
import { newRunState, nextInput, openItems, type RunState } from "./retry/run-state.js";
import { DAY_MS } from "./durations.js";
import { isRunFull, isRunOld, maxRunMs } from "./run-age.js";
import { mostUrgent, searchAttributesOf, statusAttribute, statusOf } from "./search-attributes.js";

/**
 * Deliveries in one run of the activity, and runs of one subscription side by side. While one ends and reports, the
 * others keep a rate limit used.
 */
const CHUNK = 50;
const CHUNKS_AT_ONCE = 4;
/** Temporal lets 2,000 activities of a workflow wait. */
const RUNS_AT_ONCE = 1_000;

/** Ends when every delivery is settled, or parked for longer than `parkOpenDays`. Those stay resendable over REST. */
export async function retryDelivery(input: RetryDeliveryInput): Promise<void> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  const state = newRunState(input);
  takeRequests(state);
  try {
    await lookAfter(state);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    // Cancelled in the Temporal UI. The records must not say that something is still coming, and the report of an
    // attempt must not come after them.
    if (state.underWay.size > 0 && patched("cancel-awaits-attempts"))
      await CancellationScope.nonCancellable(() => condition(() => state.underWay.size === 0));
    const given = openItems(state).map((item) => cancelled(item, "The workflow was cancelled."));
    if (given.length > 0)
      await CancellationScope.nonCancellable(() =>
        recordStatus({ subscriptionId: input.subscriptionId, items: given }),
      );
    throw error;
  }
}

async function lookAfter(state: RunState): Promise<void> {
  const { items, underWay, input } = state;
  let shown = attributesOf(subscriptionsOf(input));
  for (;;) {
    const seen = state.news;
    if (state.failure) throw state.failure;
    followClock(state);
    await apply(state);
    // The status goes into the search attributes only when it changes: each upsert is an event of the history.
    setCurrentDetails(describe([...items.values()], input.parkOpenDays, nameOf(state)));
    const attributes = attributesOf(state.lanes.bundle([...items.values()]));
    if (!isSame(attributes, shown)) upsertSearchAttributes(attributes);
    shown = attributes;
    const open = openItems(state);
    if (!open.some((item) => keepsOpen(item, state, Date.now())) && underWay.size === 0 && state.requests.size === 0)
      break;
    if (isRunFull(state.signals) || isRunOld(input)) {
      do {
        await condition(() => underWay.size === 0 && allHandlersFinished());
        await apply(state);
        // A request that comes while a cancel is being recorded would be forgotten with this run.
      } while (state.requests.size > 0 && patched("late-wishes"));
      const next = nextInput(state);
      const typedSearchAttributes = searchAttributesOf(mostUrgent(subscriptionsOf(next)));
      await makeContinueAsNewFunc<typeof retryDelivery>({ typedSearchAttributes })(next);
    }
    startDue(state, open);
    const wait = nextLook(state) - Date.now();
    await condition(() => state.news > seen, Math.min(Math.max(wait, 1), DAY_MS, maxRunMs(input)));
  }
  await condition(allHandlersFinished);
}

/** A clock that was fast for a moment must not hold up for long what was put off meanwhile. */
function followClock(state: RunState): void {
  const now = Date.now();
  const ahead = aheadMs(state.clock, now);
  if (ahead > 0 && patched("clock-went-back")) {
    for (const item of itemsByOurClock([...state.items.values()], state.clock, now))
      state.items.set(item.deliveryId, item);
    state.lookedAt -= ahead;
  }
  state.clock = now;
}

/**
 * What the list of workflows shows. With one subscription only the status changes. With several it also changes for
 * whom the workflow stands.
 */
const attributesOf = (all: readonly SubscriptionItems[]): SearchAttributePair[] =>
  all.length > 1 ? searchAttributesOf(mostUrgent(all)) : statusAttribute(statusOf(all.flatMap(({ items }) => items)));

const isSame = (some: readonly SearchAttributePair[], others: readonly SearchAttributePair[]): boolean =>
  JSON.stringify(some.map(({ value }) => value)) === JSON.stringify(others.map(({ value }) => value));

/** With several subscriptions the details name each. */
const nameOf = ({ lanes }: RunState): ((item: RetryItem) => string) | undefined =>
  lanes.all.length > 1 ? (item) => lanes.of(item).subscriptionId : undefined;

/** When there is something to do without a signal or a report. */
function nextLook(state: RunState): number {
  const times = openItems(state)
    .filter((item) => !state.underWay.has(item.deliveryId) && keepsOpen(item, state, Date.now()))
    .map((item) => nextLookAt(item, state, { now: Date.now(), mayRun: mayRun(state, state.lanes.of(item)) }));
  return Math.min(...times);
}

const mayRun = ({ lanes }: RunState, lane: Lane): boolean => lane.runs < CHUNKS_AT_ONCE && lanes.runs() < RUNS_AT_ONCE;

function startDue(state: RunState, open: RetryItem[]): void {
  const now = Date.now();
  const due = open.filter((item) => !state.underWay.has(item.deliveryId) && dueAt(item, state) <= now);
  for (const { items } of state.lanes.bundle(due)) {
    const [first] = items;
    if (!first) continue;
    const lane = state.lanes.of(first);
    for (let from = 0; from < items.length && mayRun(state, lane); from += CHUNK)
      void runChunk(state, lane, items.slice(from, from + CHUNK));
  }
  if (due.some(({ status }) => status === "held")) state.lookedAt = now;
}

async function runChunk(state: RunState, lane: Lane, items: RetryItem[]): Promise<void> {
  lane.runs += 1;
  for (const { deliveryId } of items) state.underWay.add(deliveryId);
  try {
    const report = await attempt({ subscriptionId: lane.subscriptionId, items });
    for (const item of itemsByOurClock(report.items, report.asOf, Date.now())) {
      state.items.set(item.deliveryId, item);
      if (fulfilsRequests(item)) state.requests.delete(item.deliveryId);
    }
  } catch (error) {
    state.failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    for (const { deliveryId } of items) state.underWay.delete(deliveryId);
    lane.runs -= 1;
    state.news += 1;
  }
}
