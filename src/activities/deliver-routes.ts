/** Delivers routes and records what became of them. What needs time is handed back for `retryDelivery`. */
import type { Delivery } from "../store/model.js";
import { inTimeOr } from "../store/deadline.js";
import { readRecords } from "../store/read-records.js";
import type { DispatchResult, RetryDeliveryInput, SubscriptionItems } from "../workflows/contract.js";
import { groupBy } from "../group-by.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { deliveryWorkflowSummary } from "../catalogue/workflow-summary.js";
import { type Begun, NOTHING_BEGUN } from "./early/adopt-early.js";
import type { EarlyEntry } from "./early/early-entries.js";
import { type FirstAttemptsDependencies, type FirstOutcome, firstAttempts, type Route } from "./first-attempts.js";
import { type Dispatching, type Done, keepGoing, type LeftRoute, nameWorkflows } from "./record-outcomes.js";
import type { WorkPlaces } from "./places/work-places.js";
import { type RunLease, type RunLeases, runUnderWay } from "./record/run-lease.js";
import { createRunRecords, type RunRecordsDependencies } from "./record/run-records.js";
import { decideRoute, isDoubtful, isOutOfDate } from "./route-decision.js";

export interface DeliverRoutesDependencies extends FirstAttemptsDependencies, RunRecordsDependencies {
  catalogue: Pick<Catalogue, "group" | "subscription" | "eventType">;
  places: Pick<WorkPlaces, "attempts" | "unrecorded">;
  parkOpenDays: number;
  /** What keeps two workers from sending the same dispatch at once. */
  leases: RunLeases;
  /**
   * Attempts under way, by delivery. A run that the engine gave up may still have some. The rerun in the same process
   * waits for their outcome instead of sending again.
   */
  sending: Map<string, Promise<FirstOutcome>>;
}

export interface DeliverRoutesOrder extends Omit<Dispatching, "isShared"> {
  rerun: boolean;
  routes: Route[];
  /** Attempts that left before the workflow was started. */
  begun?: Begun;
  /** Called once, when it is known what earlier runs have got done. */
  onRead?: () => void;
  /** Called once, when everything is done or what is left waits for its endpoints. */
  onPrompt?: () => void;
  /** Aborted when the engine gives this run up. Another one begins at once, so this one begins nothing more. */
  signal?: AbortSignal;
}

type RunningOrder = DeliverRoutesOrder & Dispatching;

/**
 * So often what is settled is recorded, to the end. One slow endpoint delays no other's record, and a process that is
 * killed leaves little unrecorded.
 */
const RECORD_MS = 200;
/** A dispatch keeps its place for so long at least. */
const PROMPT_MS = 1_000;

/**
 * @throws StoreError when records cannot be read or written. Outcomes are kept then, and nothing is sent twice by this
 * process. Throws ApplicationFailure `run_under_way` when another process goes on with the dispatch, and the reason of
 * the signal when the run was given up. What it had sent is on record or kept.
 */
export async function deliverRoutes(
  dependencies: DeliverRoutesDependencies,
  order: DeliverRoutesOrder,
): Promise<DispatchResult> {
  const { owner, rerun, signal } = order;
  const ending = new AbortController();
  // Before the records are read: what the process that had the lease has sent is among them then.
  const lease = await dependencies.leases.enter(owner, { rerun, signal, onLost: () => ending.abort() });
  try {
    return await deliverLeased(dependencies, order, { lease, ending });
  } finally {
    await lease.leave();
  }
}

/** What lets a run begin attempts, and what ends it. */
interface Leased {
  lease: RunLease;
  ending: AbortController;
}

async function deliverLeased(
  dependencies: DeliverRoutesDependencies,
  given: DeliverRoutesOrder,
  leased: Leased,
): Promise<DispatchResult> {
  const order: RunningOrder = { ...given, isShared: dependencies.sharesRetries() };
  const left: LeftRoute[] = [];
  // Before the records are read. What ends meanwhile may be on record too late for that.
  const underWay = new Map(dependencies.sending);
  const { todo, done, adopted } = await sortOut(dependencies, order, left);
  order.onRead?.();
  const records = createRunRecords(dependencies, order, left);
  for (const { route, outcome } of done) records.add(route, outcome);
  /** Routes whose attempt has not begun. */
  const waiting = new Set(todo);
  const settled = (route: Route, outcome: FirstOutcome): void => {
    waiting.delete(route);
    records.add(route, outcome);
  };
  const asking = {
    ...dependencies,
    isErased: (eventId: string) => dependencies.store.erasures.lately(eventId),
    isRecorded: createLook(dependencies, order, { left, leased }),
    onBegin: (route: Route) => void waiting.delete(route),
    givenUp: order.signal ? AbortSignal.any([order.signal, leased.ending.signal]) : leased.ending.signal,
  };
  const sending = Promise.all([
    firstAttempts(
      asking,
      todo.filter(({ deliveryId }) => !underWay.has(deliveryId)),
      settled,
    ),
    ...todo.map(async (route) => {
      const outcome = await underWay.get(route.deliveryId);
      if (outcome) settled(route, outcome);
    }),
  ]);
  const all = Promise.all([sending, ...adopted.map(({ recorded }) => recorded)]);
  const givePlace = once(order.onPrompt);
  try {
    const until = performance.now() + PROMPT_MS;
    while (await isOpen(all)) {
      await records.record();
      if (performance.now() >= until && !waitsForUs(dependencies, waiting)) givePlace();
    }
    givePlace();
    await records.record();
  } catch (error) {
    // Nothing more is sent. What is under way ends first, and all of it gets on record: the next run may be that of
    // another process, which would send it again. A slow endpoint may take long, so the others are recorded meanwhile.
    leased.ending.abort();
    const landed = records.leave();
    givePlace();
    await sending.catch(() => undefined);
    await Promise.all([landed, records.leave()]);
    throw error;
  }
  order.signal?.throwIfAborted();
  if (leased.ending.signal.aborted) throw runUnderWay();
  await goOnWith(dependencies, order, adopted, left);
  await nameWorkflows(dependencies.store, order, left);
  return resultOf(dependencies, order, left);
}

/**
 * A rerun has read the records before its first attempt, and makes its last one up to 15 s later. The run that seemed
 * lost may still record its own attempts in between. And a first run whose task the engine has given to another worker
 * does not know it. So a record is read before an attempt that is made late, and the lease of the run is asked for.
 * Such a look never rejects: a record that cannot be read now does not hold the attempt up.
 */
function createLook(
  { store, log }: DeliverRoutesDependencies,
  order: RunningOrder,
  { left, leased }: { left: LeftRoute[]; leased: Leased },
) {
  const since = performance.now();
  return async (route: Route): Promise<boolean> => {
    const { deliveryId } = route;
    if (!(await leased.lease.mayBegin())) {
      // The run ends, and the next one makes this attempt if nobody else has.
      leased.ending.abort();
      return true;
    }
    if (!isOutOfDate({ rerun: order.rerun, since, now: performance.now() })) return false;
    const records = await store.deliveries.getMany([deliveryId]).catch((error: unknown) => {
      log.warn({ err: error, delivery: deliveryId }, "a record could not be read again before an attempt");
      return new Map<string, Delivery>();
    });
    const record = records.get(deliveryId);
    if (record) keepGoing(order, record, route, left);
    return record !== undefined;
  };
}

/**
 * What early attempts have left to do. Their records are some hundred milliseconds old, or minutes where Temporal was
 * away. Somebody may have cancelled a delivery meanwhile, or had it sent again, so the record says how it stands.
 */
async function goOnWith(
  { store }: DeliverRoutesDependencies,
  dispatching: Dispatching,
  adopted: readonly EarlyEntry[],
  left: LeftRoute[],
): Promise<void> {
  const open: EarlyEntry[] = [];
  for (const entry of adopted) if (await entry.recorded) open.push(entry);
  if (open.length === 0) return;
  const records = await store.deliveries.getMany(open.map(({ route }) => route.deliveryId));
  for (const { route } of open) {
    const record = records.get(route.deliveryId);
    if (record) keepGoing(dispatching, record, route, left);
  }
}

function once(act: () => void = () => undefined): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

const isOpen = (sending: Promise<unknown>): Promise<boolean> =>
  inTimeOr(
    RECORD_MS,
    sending.then(() => false),
    true,
  );

/**
 * Whether attempts wait because this process has as much to do as it can, and not because of their endpoints. Such a
 * dispatch keeps its place. If it gave it away, ever more of them would share the same requests a second, until each
 * took too long and handed over what it had. A burst of 20,000 events with 256 clients ran at 368/s in that way, and at
 * 884/s in this. Temporal took seven times the CPU.
 */
function waitsForUs({ health }: Pick<DeliverRoutesDependencies, "health">, waiting: ReadonlySet<Route>): boolean {
  for (const { subscription } of waiting) if (health.isQuick(subscription.id)) return true;
  return false;
}

/** Who goes on with each route, by what is known of it (route-decision.ts). */
async function sortOut(
  { store, unrecorded, log }: DeliverRoutesDependencies,
  order: RunningOrder,
  left: LeftRoute[],
): Promise<{ todo: Route[]; done: Done[]; adopted: EarlyEntry[] }> {
  const { rerun, routes: given, begun = NOTHING_BEGUN, signal } = order;
  // Before the records are read, as what is recorded meanwhile leaves this table.
  const kept = rerun ? new Map(unrecorded) : unrecorded;
  const named = new Set(given.map(({ deliveryId }) => deliveryId));
  const routes = [...given, ...begun.extra.filter(({ deliveryId }) => !named.has(deliveryId))];
  const ids = routes
    .map(({ deliveryId }) => deliveryId)
    .filter((id) => isDoubtful({ rerun, elsewhere: begun.elsewhere.has(id) }));
  const recordedBefore = await readRecords({
    ids,
    read: (some) => store.deliveries.getMany(some, signal),
    log,
    signal,
  });
  signal?.throwIfAborted();
  const [todo, done, adopted]: [Route[], Done[], EarlyEntry[]] = [[], [], []];
  for (const route of routes) {
    const { deliveryId, filtered } = route;
    const decision = decideRoute({
      here: begun.here.get(deliveryId),
      kept: kept.get(deliveryId),
      before: recordedBefore.get(deliveryId),
      elsewhere: begun.elsewhere.get(deliveryId),
      excluded: filtered === "excluded",
    });
    if (decision.does === "adopt") adopted.push(decision.entry);
    else if (decision.does === "record") done.push({ route, outcome: decision.outcome });
    else if (decision.does === "go-on") keepGoing(order, decision.before, route, left);
    else if (decision.does === "attempt") todo.push(route);
  }
  return { todo, done, adopted };
}

const bySubscription = (left: readonly LeftRoute[]): SubscriptionItems[] =>
  [...groupBy(left, ({ route }) => route.subscription.id)].map(([subscriptionId, some]) => ({
    subscriptionId,
    groupId: some[0]?.route.subscription.groupId ?? "",
    items: some.map(({ item }) => item),
  }));

/** What the workflow is told of the routes that need time. */
function resultOf(
  dependencies: Pick<DeliverRoutesDependencies, "catalogue" | "parkOpenDays">,
  { isShared }: Pick<Dispatching, "isShared">,
  left: readonly LeftRoute[],
): DispatchResult {
  const groups = bySubscription(left);
  if (!isShared) return { retries: groups.map((group) => handOverOf(dependencies, [group])) };
  return { retries: [], ...(groups.length > 0 && { handOver: handOverOf(dependencies, groups) }) };
}

/** The input of the workflow that takes these. */
function handOverOf(
  { catalogue, parkOpenDays }: Pick<DeliverRoutesDependencies, "catalogue" | "parkOpenDays">,
  groups: readonly SubscriptionItems[],
): RetryDeliveryInput {
  const [first = { subscriptionId: "", groupId: "", items: [] }, ...others] = groups;
  const types = groups.flatMap(({ items }) => items.map(({ eventType }) => eventType));
  return {
    ...first,
    ...(others.length > 0 && { others }),
    parkOpenDays,
    asOf: Date.now(),
    summary: deliveryWorkflowSummary(catalogue, { ...first, others }, types),
  };
}
