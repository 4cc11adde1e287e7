/** What the records tell of one subscription's endpoint: its latest attempts, and what waits. */
import type { Collection, Filter, FindOptions } from "mongodb";
import type { DeliveryStatus } from "../../workflows/contract.js";
import type { Attempt } from "../delivery-model.js";
import { sideBySide } from "../../side-by-side.js";
import type { Counted } from "../collection.js";
import type { Within } from "../mongo/driver-errors.js";
import type { Scan } from "../mongo/scans.js";
import { WAITING_STATUSES } from "./backlog.js";
import { type DeliveryDocument, deliveryOf } from "./delivery-document.js";

/** Of one subscription. */
export interface SubscriptionRecords {
  /** Oldest first, without details. */
  attempts: Attempt[];
  /** Deliveries that were made before this instant were read only if they wait for another attempt. */
  completeSince: Date;
  /** How many there are in each of `WAITING_STATUSES`. Those without any are left out. */
  waiting: Partial<Record<DeliveryStatus, number>>;
  /** How many wait for a person. */
  parked: number;
  /** False if there are more of either kind than were counted. */
  waitingExact: boolean;
  /** The newest attempt of each kind that is known, also from before `completeSince`. */
  lastSuccess?: Attempt;
  lastFailure?: Attempt;
}

export interface SubscriptionRecordsStore {
  /**
   * Reads the deliveries of a subscription that were made since then, and those that wait for another attempt. They
   * come newest first, at most `RECORDS_READ` of each. So a busy subscription is read for less time than was asked for.
   */
  recordsOf(subscriptionId: string, since: Date): Promise<SubscriptionRecords>;
  /** How many deliveries of each of these subscriptions wait. Those of which none waits are left out. */
  waitingOf(subscriptionIds: readonly string[]): Promise<Map<string, WaitingOf>>;
}

/** Each up to `WAITING_LISTED`. */
export interface WaitingOf {
  /** Those in one of `WAITING_STATUSES`: Sealpost goes on with them by itself. */
  waiting: Counted;
  /** Those that wait for a person. */
  parked: Counted;
}

/**
 * So many deliveries of one attempt each are 159 KB without their details. FerretDB reads every stored delivery for
 * them. Over 1,000 stored ones that took 0.23 s of its CPU, and over 3,000 it took 0.52 s (busy machine).
 */
export const RECORDS_READ = 1_000;
/** More waiting deliveries are not counted. */
export const WAITING_COUNTED = 10_000;
/** Nor are more than these for one row of a list. */
export const WAITING_LISTED = 1_000;
/** Counts of one list that are made at once. */
const COUNTS_AT_ONCE = 4;

const UNSETTLED: readonly DeliveryStatus[] = [...WAITING_STATUSES, "parked"];
/** In these an attempt may be far younger than the delivery. */
const OPEN: readonly DeliveryStatus[] = ["retrying", "throttled", "held"];
const FAILED: readonly DeliveryStatus[] = ["parked", "exhausted", "retrying"];
const PROJECTION = { attempts: 1, createdAt: 1 } as const;

/**
 * By the indexes of `subscriptionId, createdAt` and of `subscriptionId, status, createdAt`. On FerretDB it takes one
 * turn, and the reads follow one another in it.
 */
export function createSubscriptionRecords(
  collection: Collection<DeliveryDocument>,
  { scan, ferretDb }: { scan: Scan; ferretDb: boolean },
): SubscriptionRecordsStore {
  const waitingOf = ferretDb ? waitingByScan : waitingByIndex;
  return {
    recordsOf: (subscriptionId, since) => scan((within) => read(collection, { subscriptionId, since, within })),
    waitingOf: async (ids) =>
      new Map(
        (ids.length === 0 ? [] : await scan((within) => waitingOf(collection, ids, within))).map(
          ([id, waiting, parked]): [string, WaitingOf] => [id, { waiting: listed(waiting), parked: listed(parked) }],
        ),
      ),
  };
}

const listed = (count: number): Counted => ({ count: Math.min(count, WAITING_LISTED), exact: count <= WAITING_LISTED });

type CountOf = [subscriptionId: string, waiting: number, parked: number];

/** FerretDB reads every delivery for each count, so one count is made for all. */
async function waitingByScan(
  collection: Collection<DeliveryDocument>,
  ids: readonly string[],
  within: Within,
): Promise<CountOf[]> {
  const groups = await collection
    .aggregate<{ _id: { id: string; status: DeliveryStatus }; count: number }>(
      [
        { $match: { subscriptionId: { $in: [...ids] }, ...anyOf(UNSETTLED) } },
        { $group: { _id: { id: "$subscriptionId", status: "$status" }, count: { $sum: 1 } } },
      ],
      within,
    )
    .toArray();
  return ids.flatMap((id): CountOf[] => {
    const theirs = groups.filter(({ _id }) => _id.id === id);
    const sum = (isParked: boolean): number =>
      theirs.reduce((all, { _id, count }) => all + ((_id.status === "parked") === isParked ? count : 0), 0);
    return theirs.length === 0 ? [] : [[id, sum(false), sum(true)]];
  });
}

/**
 * By the index of `subscriptionId, status`, each with a bound, so that a large backlog costs no more than a small one.
 */
async function waitingByIndex(
  collection: Collection<DeliveryDocument>,
  ids: readonly string[],
  within: Within,
): Promise<CountOf[]> {
  const counts: CountOf[] = [];
  await sideBySide(COUNTS_AT_ONCE, [...ids], async (subscriptionId) => {
    const options = { ...within, limit: WAITING_LISTED + 1 };
    const countOf = (statuses: readonly DeliveryStatus[]) =>
      collection.countDocuments({ subscriptionId, ...anyOf(statuses) }, options);
    const [waiting, parked] = [await countOf(WAITING_STATUSES), await countOf(["parked"])];
    if (waiting + parked > 0) counts.push([subscriptionId, waiting, parked]);
  });
  return counts;
}

interface Order {
  subscriptionId: string;
  since: Date;
  within: Within;
}

async function read(
  collection: Collection<DeliveryDocument>,
  { subscriptionId, since, within }: Order,
): Promise<SubscriptionRecords> {
  const newest = (filter: Filter<DeliveryDocument>, limit: number) =>
    collection.find({ subscriptionId, ...filter }, newestFirst(within, limit)).toArray();
  const lately = await newest({ createdAt: { $gte: since } }, RECORDS_READ);
  const open = await newest(anyOf(OPEN), RECORDS_READ);
  const attempts = attemptsOf([...lately, ...open]);
  const counted = await countWaiting(collection, subscriptionId, within);
  const succeeded =
    attempts.findLast(isSuccess) ?? attemptsOf(await newest(anyOf(["delivered"]), 1)).findLast(isSuccess);
  const failed = attempts.findLast(isFailure) ?? attemptsOf(await newest(anyOf(FAILED), 1)).findLast(isFailure);
  const oldest = lately.at(-1);
  return {
    attempts,
    completeSince: lately.length === RECORDS_READ && oldest ? oldest.createdAt : since,
    ...counted,
    ...(succeeded && { lastSuccess: succeeded }),
    ...(failed && { lastFailure: failed }),
  };
}

const newestFirst = (within: Within, limit: number): FindOptions => ({
  ...within,
  projection: PROJECTION,
  sort: { createdAt: -1, _id: -1 },
  limit,
});
const anyOf = (statuses: readonly DeliveryStatus[]): Filter<DeliveryDocument> => ({ status: { $in: [...statuses] } });
const isSuccess = ({ outcome }: Attempt): boolean => outcome === "delivered";
const isFailure = (attempt: Attempt): boolean => !isSuccess(attempt);

/** Each attempt once: a delivery may have been read twice. */
function attemptsOf(documents: readonly DeliveryDocument[]): Attempt[] {
  const distinct = new Map(documents.map((document) => [document._id, document]));
  return [...distinct.values()]
    .flatMap((document) => deliveryOf(document).attempts)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

async function countWaiting(
  collection: Collection<DeliveryDocument>,
  subscriptionId: string,
  within: Within,
): Promise<Pick<SubscriptionRecords, "waiting" | "parked" | "waitingExact">> {
  const groups = await collection
    .aggregate<{ _id: DeliveryStatus; count: number }>(
      [
        { $match: { subscriptionId, ...anyOf(UNSETTLED) } },
        { $limit: WAITING_COUNTED + 1 },
        { $project: { status: 1 } },
        { $group: { _id: "$status", count: { $sum: 1 } } },
      ],
      within,
    )
    .toArray();
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  const { parked = 0, ...waiting } = Object.fromEntries(groups.map(({ _id: status, count }) => [status, count]));
  return { waiting, parked, waitingExact: all <= WAITING_COUNTED };
}
