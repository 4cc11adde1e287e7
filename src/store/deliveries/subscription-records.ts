/** What the records tell of one subscription's endpoint: its latest attempts, and what waits. */
import type { Collection, Filter, FindOptions } from "mongodb";
import type { DeliveryStatus } from "../../workflows/contract.js";
import type { Attempt } from "../delivery-model.js";
import type { Within } from "../mongo/driver-errors.js";
import type { Scan } from "../mongo/scans.js";
import { type DeliveryDocument, deliveryOf } from "./delivery-document.js";

/** Of one subscription. */
export interface SubscriptionRecords {
  /** Oldest first, without details. */
  attempts: Attempt[];
  /** Deliveries that were made before this instant were read only if they wait for another attempt. */
  completeSince: Date;
  /** How many wait, by status: pending, retrying, throttled, held or parked. */
  waiting: Partial<Record<DeliveryStatus, number>>;
  /** False if more wait than were counted. */
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
}

/**
 * So many deliveries of one attempt each are 159 KB without their details. FerretDB reads every stored delivery for
 * them. Over 1,000 stored ones that took 0.23 s of its CPU, and over 3,000 it took 0.52 s (busy machine).
 */
export const RECORDS_READ = 1_000;
/** More waiting deliveries are not counted. */
export const WAITING_COUNTED = 10_000;

const WAITING: readonly DeliveryStatus[] = ["pending", "retrying", "throttled", "held", "parked"];
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
  scan: Scan,
): SubscriptionRecordsStore {
  return {
    recordsOf: (subscriptionId, since) => scan((within) => read(collection, { subscriptionId, since, within })),
  };
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
  const { waiting, waitingExact } = await countWaiting(collection, subscriptionId, within);
  const succeeded =
    attempts.findLast(isSuccess) ?? attemptsOf(await newest(anyOf(["delivered"]), 1)).findLast(isSuccess);
  const failed = attempts.findLast(isFailure) ?? attemptsOf(await newest(anyOf(FAILED), 1)).findLast(isFailure);
  const oldest = lately.at(-1);
  return {
    attempts,
    completeSince: lately.length === RECORDS_READ && oldest ? oldest.createdAt : since,
    waiting,
    waitingExact,
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
): Promise<Pick<SubscriptionRecords, "waiting" | "waitingExact">> {
  const groups = await collection
    .aggregate<{ _id: DeliveryStatus; count: number }>(
      [
        { $match: { subscriptionId, ...anyOf(WAITING) } },
        { $limit: WAITING_COUNTED + 1 },
        { $project: { status: 1 } },
        { $group: { _id: "$status", count: { $sum: 1 } } },
      ],
      within,
    )
    .toArray();
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  return {
    waiting: Object.fromEntries(groups.map(({ _id: status, count }) => [status, count])),
    waitingExact: all <= WAITING_COUNTED,
  };
}
