/**
 * The regular activities behind `retryDelivery`: attempts at the pace that the consumer allows, and records of what was
 * decided.
 */
import { activityInfo } from "@temporalio/activity";
import type { Delivery, Subscription } from "../store/model.js";
import { readRecords } from "../store/read-records.js";
import type { AttemptReport, RetryItem } from "../workflows/contract.js";
import { DEFAULT_PER_SECOND } from "../catalogue/recovery/recovery-filter.js";
import { routingOf, TEST_EVENT_TYPE } from "../catalogue/routes.js";
import { looksAgainAt } from "./breaker/gate.js";
import { currentWorkflowId } from "./current-workflow.js";
import { createTurns } from "./pace/turns.js";
import { inRetryPlace, type RetryOrder, type StoreWork } from "./places/retry-place.js";
import { type AttemptDependencies, attemptAll } from "./retry-run.js";
import { afterRerun, caughtUp, changeOf, setStatus } from "./retry-status.js";

/** What somebody decided about deliveries of one subscription. `by`: who. */
interface StatusOrder {
  subscriptionId: string;
  items: RetryItem[];
  by?: string;
}

interface Sorted {
  report: AttemptReport;
  /** What is to be attempted. */
  free: RetryItem[];
  /** Absent when nothing is. */
  subscription?: Subscription;
}

/**
 * The activities `attempt` and `recordStatus`. They reject only for failures of our own. The engine then runs them
 * again.
 */
export function createAttempt(dependencies: AttemptDependencies) {
  const { catalogue, throttle } = dependencies;
  const turn = createTurns({ distanceMs: 1_000 / DEFAULT_PER_SECOND });

  async function attempt(order: RetryOrder): Promise<AttemptReport> {
    const report = await inRetryPlace(dependencies, order, attemptInPlace);
    return activityInfo().attempt > 1 ? { ...report, items: report.items.map(afterRerun) } : report;
  }

  async function attemptInPlace(order: RetryOrder, storeWork: StoreWork): Promise<AttemptReport> {
    // Before the records are read, as what is recorded meanwhile leaves this table.
    const kept = new Map(dependencies.unrecordedRetries);
    const { report, free, subscription } = await storeWork(() => sortOut(order));
    if (!subscription) return report;
    const attempted = await attemptAll(dependencies, subscription, free, { turn, storeWork, kept });
    return merged(report.items, attempted);
  }

  /** What is to be attempted now, and the report of what is not. */
  async function sortOut({ subscriptionId, items }: RetryOrder): Promise<Sorted> {
    // A resume or a new URL must count now. Its signal may have come before this process noticed the change by itself.
    await catalogue.refresh();
    const subscription = catalogue.subscription(subscriptionId);
    if (!subscription) {
      const gone = { status: "cancelled", reason: "The subscription was deleted." } as const;
      return { report: await setStatus(dependencies, items, gone), free: [] };
    }
    const isDoubtful = activityInfo().attempt > 1 || items.some(({ unsure }) => unsure === true);
    const records = isDoubtful ? await recordsOf(dependencies, items) : undefined;
    const own = currentWorkflowId();
    const current = records ? items.map((item) => caughtUp(item, records.get(item.deliveryId), own)) : items;
    // What an earlier run of this activity got done is reported, not done again.
    const unmade = current.filter((item, index) => item === items[index]);
    const [sendable, waiting] = split(unmade, ({ eventType }) => routingOf(subscription, eventType) === "sent");
    const [due, withdrawn] = split(
      sendable,
      ({ eventType }) => eventType === TEST_EVENT_TYPE || catalogue.granted(subscription.groupId, eventType),
    );
    const held = [
      ...(await hold(waiting, whyHeld(subscription))),
      ...(await hold(withdrawn, "The group is no longer granted this event type.")),
    ];
    const [waits, free] = split(due, (item) => whyWaits(subscription, item) !== undefined);
    held.push(...(await waitForEndpoint(subscription, waits)));
    const pausedUntil = throttle.pausedUntil(subscription);
    if (free.length === 0 || pausedUntil <= Date.now()) return { report: merged(current, held), free, subscription };
    const paused = await setStatus(dependencies, free, {
      status: "throttled",
      reason: "The consumer asked for a pause (Retry-After).",
      dueAtOf: () => pausedUntil,
    });
    return { report: merged(current, [...held, ...paused.items]), free: [] };
  }

  const whyWaits = (subscription: Subscription, item: RetryItem): string | undefined =>
    dependencies.breaker?.whyWaits(subscription, item);
  /** It is looked at again when the breaker says so, and by itself long after that. */
  async function waitForEndpoint(subscription: Subscription, items: RetryItem[]): Promise<RetryItem[]> {
    const [first] = items;
    const reason = first && whyWaits(subscription, first);
    if (reason === undefined) return [];
    const dueAtOf = ({ status, since }: RetryItem): number =>
      looksAgainAt(status === "throttled" ? (since ?? Date.now()) : Date.now());
    return (await setStatus(dependencies, items, { status: "throttled", reason, dueAtOf })).items;
  }
  const hold = (items: RetryItem[], reason: string): Promise<RetryItem[]> =>
    setStatus(dependencies, items, { status: "held", reason }).then((report) => report.items);

  return { attempt, recordStatus: (order: StatusOrder) => recordStatus(dependencies, order) };
}

async function recordStatus({ store }: AttemptDependencies, { items, by }: StatusOrder): Promise<void> {
  // Whatever the number of attempts is by now, it was asked for by a signal or a cancel of the workflow.
  await store.deliveries.record(
    items.map((item) => ({
      ...changeOf(item, by ? `${item.reason ?? ""} (by ${by})`.trim() : item.reason),
      asked: true,
    })),
  );
}

function recordsOf({ store, log }: AttemptDependencies, items: readonly RetryItem[]): Promise<Map<string, Delivery>> {
  const ids = items.map(({ deliveryId }) => deliveryId);
  return readRecords({ ids, read: (some) => store.deliveries.getMany(some), log });
}

const whyHeld = ({ status, statusReason }: Subscription): string =>
  `The subscription is ${status}${statusReason ? `: ${statusReason}` : "."}`;

const split = <T>(items: T[], goes: (item: T) => boolean): [T[], T[]] => [
  items.filter(goes),
  items.filter((item) => !goes(item)),
];

const merged = (items: RetryItem[], changed: RetryItem[]): AttemptReport => {
  const byId = new Map(changed.map((item) => [item.deliveryId, item]));
  return { items: items.map((item) => byId.get(item.deliveryId) ?? item), asOf: Date.now() };
};
