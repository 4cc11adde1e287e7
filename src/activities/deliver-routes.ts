/** Delivers routes and records what became of them; what needs time is handed back for `retryDelivery`. */
import type { Delivery } from "../store/model.js";
import { inTimeOr } from "../store/deadline.js";
import type { DispatchResult, RetryDeliveryInput } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { deliveryWorkflowSummary } from "../catalogue/workflow-summary.js";
import { type Begun, NOTHING_BEGUN } from "./adopt-early.js";
import type { EarlyEntry } from "./early-entries.js";
import { type FirstAttemptsDependencies, type FirstOutcome, firstAttempts, type Route } from "./first-attempts.js";
import { type Done, keepGoing, type LeftRoute, recordAll, type RecordOutcomesDependencies } from "./record-outcomes.js";

export interface DeliverRoutesDependencies extends FirstAttemptsDependencies, RecordOutcomesDependencies {
  catalogue: Pick<Catalogue, "group" | "subscription" | "eventType">;
  parkOpenDays: number;
  /**
   * Outcomes of attempts whose record could not be written yet; a rerun in the same process takes them from here
   * instead of sending again.
   */
  unrecorded: Map<string, FirstOutcome>;
}

export interface DeliverRoutesOrder {
  /** The workflow that dispatches. */
  owner: string;
  rerun: boolean;
  routes: Route[];
  /** Attempts that left before the workflow was started. */
  begun?: Begun;
  /** Called once, when everything is done or only slow attempts are left. */
  onPrompt?: () => void;
}

/** After this time what is settled is recorded, and the slow rest later: one slow endpoint delays no other's record. */
const PROMPT_MS = 1_000;

/**
 * @throws StoreError when records cannot be read or written; outcomes are kept then and nothing is sent twice by this
 * process.
 */
export async function deliverRoutes(
  dependencies: DeliverRoutesDependencies,
  order: DeliverRoutesOrder,
): Promise<DispatchResult> {
  const { owner } = order;
  const left: LeftRoute[] = [];
  const { todo, adopted, ...sorted } = await sortOut(dependencies, order, left);
  let { done } = sorted;
  const record = async (): Promise<void> => {
    const now = done;
    done = [];
    await recordAll(dependencies, owner, now, left);
    for (const { route } of now) dependencies.unrecorded.delete(route.deliveryId);
  };
  const sending = Promise.all([
    firstAttempts(dependencies, todo, (route, outcome) => {
      dependencies.unrecorded.set(route.deliveryId, outcome);
      done.push({ route, outcome });
    }),
    ...adopted.map(({ recorded }) => recorded),
  ]);
  try {
    if (await isSlow(sending)) await record();
    order.onPrompt?.();
  } finally {
    // Also after a failed record: a rerun in this process must find the outcomes of what is under way, or it would send
    // that again.
    await sending;
  }
  await record();
  await goOnWith(dependencies, owner, adopted, left);
  return { retries: grouped(left, dependencies) };
}

/**
 * What early attempts have left to do. Their records are some hundred milliseconds old, or minutes where Temporal was
 * away. Somebody may have cancelled a delivery meanwhile, or had it sent again, so the record says how it stands.
 */
async function goOnWith(
  { store }: DeliverRoutesDependencies,
  owner: string,
  adopted: readonly EarlyEntry[],
  left: LeftRoute[],
): Promise<void> {
  const open: EarlyEntry[] = [];
  for (const entry of adopted) if (await entry.recorded) open.push(entry);
  if (open.length === 0) return;
  const records = await store.deliveries.getMany(open.map(({ route }) => route.deliveryId));
  for (const { route } of open) {
    const record = records.get(route.deliveryId);
    if (record) keepGoing(owner, record, route, left);
  }
}

const isSlow = (sending: Promise<unknown>): Promise<boolean> =>
  inTimeOr(
    PROMPT_MS,
    sending.then(() => false),
    true,
  );

/** Who goes on with each route: a record says so, an attempt was begun before, or this dispatch makes the attempt. */
async function sortOut(
  { store, unrecorded }: DeliverRoutesDependencies,
  { owner, rerun, routes: given, begun = NOTHING_BEGUN }: DeliverRoutesOrder,
  left: LeftRoute[],
): Promise<{ todo: Route[]; done: Done[]; adopted: EarlyEntry[] }> {
  const named = new Set(given.map(({ deliveryId }) => deliveryId));
  const routes = [...given, ...begun.extra.filter(({ deliveryId }) => !named.has(deliveryId))];
  const doubtful = rerun ? routes : routes.filter(({ deliveryId }) => begun.elsewhere.has(deliveryId));
  const ids = doubtful.map(({ deliveryId }) => deliveryId);
  const recordedBefore = ids.length > 0 ? await store.deliveries.getMany(ids) : new Map<string, Delivery>();
  const [todo, done, adopted]: [Route[], Done[], EarlyEntry[]] = [[], [], []];
  for (const route of routes) {
    const before = recordedBefore.get(route.deliveryId);
    const kept = unrecorded.get(route.deliveryId);
    const here = begun.here.get(route.deliveryId);
    const elsewhere = begun.elsewhere.get(route.deliveryId);
    if (here) adopted.push(here);
    // Also where a record is there: it may be that of an earlier try, which landed late.
    else if (kept) done.push({ route, outcome: kept });
    else if (before) keepGoing(owner, before, route, left);
    else if (elsewhere) done.push({ route, outcome: elsewhere });
    // A filter that was changed between two runs leaves alone what the first one made.
    else if (route.filtered !== "excluded") todo.push(route);
  }
  return { todo, done, adopted };
}

function grouped(
  left: readonly LeftRoute[],
  { catalogue, parkOpenDays }: Pick<DeliverRoutesDependencies, "catalogue" | "parkOpenDays">,
): RetryDeliveryInput[] {
  const bySubscription = new Map<string, RetryDeliveryInput>();
  for (const {
    route: { subscription },
    item,
  } of left) {
    const some = bySubscription.get(subscription.id);
    if (some) some.items.push(item);
    else
      bySubscription.set(subscription.id, {
        subscriptionId: subscription.id,
        groupId: subscription.groupId,
        items: [item],
        parkOpenDays,
      });
  }
  return [...bySubscription.values()].map((retry) => ({
    ...retry,
    asOf: Date.now(),
    summary: deliveryWorkflowSummary(
      catalogue,
      retry,
      retry.items.map(({ eventType }) => eventType),
    ),
  }));
}
