/** What is not delivered and not given up: how much waits for us or for a person, where, and since when. */
import type { Collection, Filter } from "mongodb";
import type { DeliveryStatus } from "../../workflows/contract.js";
import type { Counted } from "../collection.js";
import type { Delivery } from "../delivery-model.js";
import { allOf, oneOf } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { DeliveryDocument } from "./delivery-document.js";
import type { DeliveryFilter } from "./delivery-filter.js";

/** Sealpost goes on with these by itself. */
export const WAITING_STATUSES = ["pending", "retrying", "throttled", "held"] as const satisfies DeliveryStatus[];
type WaitingStatus = (typeof WAITING_STATUSES)[number];

export interface Backlog {
  /** Those in one of `WAITING_STATUSES`. */
  waiting: Counted;
  byStatus: Record<WaitingStatus, number>;
  /** When the oldest of them was created. */
  oldest?: Date;
  /** Those that wait for a person. */
  parked: Counted;
  /** How many of those that wait, by subscription. */
  bySubscription: Map<string, number>;
}

/** What decides whether somebody may see a delivery. */
export type BacklogEntry = Pick<Delivery, "groupId" | "eventType" | "subscriptionId" | "createdAt" | "status">;

export interface BacklogStore {
  /**
   * Counts what waits, of those that `sees` lets through. It stops above `most` of each kind. Then the oldest ones are
   * counted.
   */
  backlog(
    filter: Pick<DeliveryFilter, "groupIds" | "apiIds" | "apiEventTypes">,
    most: number,
    sees?: (entry: BacklogEntry) => boolean,
  ): Promise<Backlog>;
}

const PROJECTION = { _id: 0, status: 1, createdAt: 1, subscriptionId: 1, groupId: 1, eventType: 1 } as const;

/**
 * By the indexes of `status, createdAt` and of `groupId, status, createdAt`. FerretDB reads the whole collection for a
 * query, so both kinds are read at once while they are few.
 */
export function createBacklog(
  collection: Collection<DeliveryDocument>,
  { scan, conditionsOf }: { scan: Scan; conditionsOf: (filter: DeliveryFilter) => Filter<DeliveryDocument>[] },
): BacklogStore {
  return {
    backlog(filter, most, sees = () => true) {
      const theirs = conditionsOf(filter);
      return scan(async (within) => {
        const oldest = async (statuses: readonly DeliveryStatus[]): Promise<BacklogEntry[]> => {
          const matching: Filter<DeliveryDocument> = allOf([...theirs, oneOf<DeliveryDocument>("status", statuses)]);
          const cursor = collection
            .find<BacklogEntry>(matching, { ...within, projection: PROJECTION })
            .sort({ createdAt: 1, _id: 1 });
          const found: BacklogEntry[] = [];
          for await (const entry of cursor) {
            if (sees(entry)) found.push(entry);
            if (found.length > most) break;
          }
          return found;
        };
        const all = await oldest([...WAITING_STATUSES, "parked"]);
        if (all.length <= most) return backlogOf(all, most);
        return backlogOf([...(await oldest(WAITING_STATUSES)), ...(await oldest(["parked"]))], most);
      });
    },
  };
}

function backlogOf(entries: readonly BacklogEntry[], most: number): Backlog {
  const byStatus: Backlog["byStatus"] = { pending: 0, retrying: 0, throttled: 0, held: 0 };
  const bySubscription = new Map<string, number>();
  let [waiting, parked] = [0, 0];
  let first: Date | undefined;
  for (const { status, subscriptionId, createdAt } of entries) {
    const isWaiting = isWaitingStatus(status);
    if (isWaiting) waiting++;
    else parked++;
    // The one above `most` says that there are more, and is not counted.
    if ((isWaiting ? waiting : parked) > most) continue;
    if (!isWaiting) continue;
    bySubscription.set(subscriptionId, (bySubscription.get(subscriptionId) ?? 0) + 1);
    byStatus[status]++;
    first ??= createdAt;
  }
  return {
    waiting: { count: Math.min(waiting, most), exact: waiting <= most },
    parked: { count: Math.min(parked, most), exact: parked <= most },
    byStatus,
    bySubscription,
    ...(first && { oldest: first }),
  };
}

const isWaitingStatus = (status: DeliveryStatus): status is WaitingStatus =>
  (WAITING_STATUSES as readonly DeliveryStatus[]).includes(status);
