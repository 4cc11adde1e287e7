/**
 * `retryDelivery`: looks after one or many deliveries of one subscription until each is settled. It has durable timers,
 * makes attempts and takes signals from operators. It stays open while something in it is parked, so that operations
 * find it in the Temporal UI.
 */
import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from "@temporalio/workflow";
import {
  type Activities,
  type CancelSignal,
  QUERY,
  type RetryDeliveryInput,
  type RetryItem,
  type RetrySignal,
  SETTLED_STATUSES,
  SIGNAL,
} from "./contract.js";
import { aheadMs, itemsByOurClock } from "./clocks.js";
import { describe } from "./retry/describe.js";
import { actorOf, lacksProof, refuseUnproven } from "./proof.js";
import { cancelled, startedAfresh, wokenUp } from "./retry/items.js";
import { idsOf, startsOf, textsOf } from "./retry/signal-arguments.js";
import { DAY_MS } from "./durations.js";
import { isRunFull, isRunOld, maxRunMs } from "./run-age.js";
import { searchAttributesOf, statusAttribute, statusOf } from "./search-attributes.js";

export const retrySignal = defineSignal<[RetrySignal?]>(SIGNAL.retry);
export const cancelSignal = defineSignal<[CancelSignal?]>(SIGNAL.cancel);
export const wakeSignal = defineSignal(SIGNAL.wake);
export const stateQuery = defineQuery<RetryItem[]>(QUERY.state);

/** Failures of our own only delay; what the consumer does is in the report. */
const OPTIONS = {
  startToCloseTimeout: "10 minutes",
  // Above the longest deadline of one request: the activity reports between requests.
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "30 seconds" },
} as const;
const { recordStatus } = proxyActivities<Pick<Activities, "recordStatus">>(OPTIONS);
// What was sent before a cancel has to be known when the rest is given up.
const { attempt } = proxyActivities<Pick<Activities, "attempt">>({
  ...OPTIONS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * Deliveries in one run of the activity, and runs side by side: while one ends and reports, the others keep a rate
 * limit used.
 */
const CHUNK = 50;
const CHUNKS_AT_ONCE = 4;
/** Reserved slots so close together share a run of the activity, which waits for each. */
const TOGETHER_MS = 500;

/** What a signal asks for one delivery. A later request replaces an earlier one. */
type ItemRequest =
  | { kind: "retry"; notBefore?: number }
  | { kind: "wake" }
  | { kind: "cancel"; by: string | undefined; reason: string | undefined };

interface RunState {
  readonly input: RetryDeliveryInput;
  readonly items: Map<string, RetryItem>;
  readonly requests: Map<string, ItemRequest>;
  /** Deliveries in a run of the activity. */
  readonly underWay: Set<string>;
  /** Deliveries whose cancel is being recorded. */
  readonly givenUp: Set<string>;
  /** Raised by every signal and every report: the loop has something to look at. */
  news: number;
  signals: number;
  chunks: number;
  /** When held deliveries were last looked at. */
  lookedAt: number;
  /** The clock when the loop last looked at it. */
  clock: number;
  failure?: Error;
}

/** Ends when every delivery is settled, or parked for longer than `parkOpenDays`; those stay resendable over REST. */
export async function retryDelivery(input: RetryDeliveryInput): Promise<void> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  const state: RunState = {
    input,
    items: new Map(itemsByOurClock(input.items, input.asOf, Date.now()).map((item) => [item.deliveryId, item])),
    requests: new Map(),
    underWay: new Set(),
    givenUp: new Set(),
    news: 0,
    signals: 0,
    chunks: 0,
    lookedAt: Date.now(),
    clock: Date.now(),
  };
  listen(state);
  try {
    await lookAfter(state);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    // Cancelled in the Temporal UI: the records must not say that something is still coming, nor the report of an
    // attempt come after them.
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
  let shown = statusOf(input.items);
  for (;;) {
    const seen = state.news;
    if (state.failure) throw state.failure;
    followClock(state);
    await apply(state);
    // The status goes into the search attributes only when it changes: each upsert is an event of the history.
    setCurrentDetails(describe([...items.values()], input.parkOpenDays));
    const status = statusOf([...items.values()]);
    if (status !== shown) upsertSearchAttributes(statusAttribute(status));
    shown = status;
    const open = openItems(state);
    if (!open.some((item) => keepsOpen(state, item)) && underWay.size === 0 && state.requests.size === 0) break;
    if (isRunFull(state.signals) || isRunOld(input)) {
      do {
        await condition(() => underWay.size === 0 && allHandlersFinished());
        await apply(state);
        // A request that comes while a cancel is being recorded would be forgotten with this run.
      } while (state.requests.size > 0 && patched("late-wishes"));
      // Their times are this workflow's own by now.
      const { asOf: _asOf, ...same } = input;
      const next: RetryDeliveryInput = { ...same, items: openItems(state) };
      await makeContinueAsNewFunc<typeof retryDelivery>({ typedSearchAttributes: searchAttributesOf(next) })(next);
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

/** Handlers only note the requests. The loop applies them, so that nothing happens in the middle of an attempt. */
function listen(state: RunState): void {
  const note = (deliveryIds: string[], request: ItemRequest, starts?: ReadonlyMap<string, number>): void => {
    state.news += 1;
    state.signals += 1;
    for (const id of deliveryIds.length === 0 ? meant(state) : deliveryIds) {
      if (!state.items.has(id) || (request.kind === "wake" && state.requests.has(id))) continue;
      const notBefore = starts?.get(id);
      state.requests.set(id, request.kind === "retry" && notBefore !== undefined ? { ...request, notBefore } : request);
    }
  };
  setHandler(retrySignal, (signal) => note(idsOf(signal), { kind: "retry" }, startsOf(signal)));
  setHandler(cancelSignal, (signal) => {
    const { by, reason } = textsOf(signal);
    note(idsOf(signal), { kind: "cancel", by: actorOf(signal, by), reason });
  });
  setHandler(wakeSignal, () => note([], { kind: "wake" }));
  setHandler(stateQuery, () => [...state.items.values()]);
}

const isSettled = ({ status }: RetryItem): boolean => SETTLED_STATUSES.includes(status);
const openItems = ({ items }: RunState): RetryItem[] => [...items.values()].filter((item) => !isSettled(item));

/** Without ids every delivery is meant that is not settled. One whose cancel is being recorded counts as settled. */
const meant = (state: RunState): string[] =>
  openItems(state)
    .map(({ deliveryId }) => deliveryId)
    .filter((id) => !(state.givenUp.has(id) && patched("given-up-is-settled")));

/** Applies the requests. Those for a delivery whose attempt is under way wait for its report. */
async function apply(state: RunState): Promise<void> {
  const {
    items,
    requests,
    input: { subscriptionId },
  } = state;
  const given = new Map<string | undefined, RetryItem[]>();
  for (const [id, request] of requests) {
    const item = items.get(id);
    if (state.underWay.has(id)) continue;
    requests.delete(id);
    if (!item) continue;
    if (request.kind === "retry") items.set(id, startedAfresh(item, request.notBefore));
    else if (request.kind === "wake") items.set(id, wokenUp(item));
    else if (!isSettled(item))
      given.set(request.by, [
        ...(given.get(request.by) ?? []),
        cancelled(item, request.reason ?? "Cancelled by hand."),
      ]);
  }
  for (const { deliveryId } of [...given.values()].flat()) state.givenUp.add(deliveryId);
  for (const [by, some] of given) {
    await recordStatus({ subscriptionId, items: some, ...(by !== undefined && { by }) });
    for (const item of some) items.set(item.deliveryId, item);
  }
  state.givenUp.clear();
}

/**
 * What is parked for long does not keep the workflow open alone. While something else does, it can still be told to go
 * on here.
 */
function keepsOpen({ input }: RunState, { status, since = Date.now() }: RetryItem): boolean {
  return status !== "parked" || since > Date.now() - input.parkOpenDays * DAY_MS;
}

/** When an item goes on by itself. */
function dueAt({ lookedAt }: RunState, { status, dueAt: at, reservation }: RetryItem): number {
  if (status === "parked") return Number.POSITIVE_INFINITY;
  if (status === "held") return lookedAt + DAY_MS;
  return (at ?? 0) - (reservation ? TOGETHER_MS : 0);
}

/** When there is something to do without a signal or a report. */
function nextLook(state: RunState): number {
  const times = openItems(state)
    .filter((item) => !state.underWay.has(item.deliveryId) && keepsOpen(state, item))
    .map((item) =>
      item.status === "parked"
        ? (item.since ?? Date.now()) + state.input.parkOpenDays * DAY_MS
        : // Due, but all runs are taken: the report of one of them is the news to wait for.
          state.chunks >= CHUNKS_AT_ONCE
          ? Number.POSITIVE_INFINITY
          : dueAt(state, item),
    );
  return Math.min(...times);
}

function startDue(state: RunState, open: RetryItem[]): void {
  const now = Date.now();
  const due = open.filter((item) => !state.underWay.has(item.deliveryId) && dueAt(state, item) <= now);
  for (let from = 0; from < due.length && state.chunks < CHUNKS_AT_ONCE; from += CHUNK)
    void runChunk(state, due.slice(from, from + CHUNK));
  if (due.some(({ status }) => status === "held")) state.lookedAt = now;
}

async function runChunk(state: RunState, items: RetryItem[]): Promise<void> {
  state.chunks += 1;
  for (const { deliveryId } of items) state.underWay.add(deliveryId);
  try {
    const report = await attempt({ subscriptionId: state.input.subscriptionId, items });
    for (const item of itemsByOurClock(report.items, report.asOf, Date.now())) {
      state.items.set(item.deliveryId, item);
      // It has just been delivered: a retry asked for meanwhile is fulfilled.
      if (item.status === "delivered") state.requests.delete(item.deliveryId);
    }
  } catch (error) {
    state.failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    for (const { deliveryId } of items) state.underWay.delete(deliveryId);
    state.chunks -= 1;
    state.news += 1;
  }
}
