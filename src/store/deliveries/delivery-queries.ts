/** Queries on the collection of deliveries besides its lists: counts for a preview, and deliveries that wait. */
import type { Collection, Filter } from "mongodb";
import { SETTLED_STATUSES } from "../../workflows/contract.js";
import { escapeEventId } from "../../workflows/event-id.js";
import { type DeliveryDocument, deliveryOf, WITHOUT_DETAILS } from "./delivery-document.js";
import { asksForLast, lastConditions, matchesLast } from "./last-attempt.js";
import type { Delivery } from "../model.js";
import { countSome, countUpTo } from "../mongo/counting.js";
import { allOf, oneOf, within } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { DeliveryFilter, DeliveryStore, DeliverySummary } from "../store.js";

type Queries = Pick<
  DeliveryStore,
  | "recentChanges"
  | "count"
  | "summary"
  | "subscriptionsOf"
  | "waiting"
  | "openWorkflows"
  | "oldestUndelivered"
  | "oldestOverdue"
>;

/** Whether every delivery names its event and its api (delivery-backfill.ts). */
export interface DeliveryFields {
  filled: boolean;
}

export function createDeliveryQueries(
  collection: Collection<DeliveryDocument>,
  { scan, fields }: { scan: Scan; fields: DeliveryFields },
): Queries {
  const matching = (filter: DeliveryFilter): Filter<DeliveryDocument> => allOf(conditions(filter, fields));
  /** Creation time of the first one in this direction. */
  async function edge(filter: DeliveryFilter, direction: 1 | -1): Promise<Date | undefined> {
    const [found] = await scan((within) =>
      collection
        .find(matching(filter), { ...within, projection: { createdAt: 1 } })
        .sort({ createdAt: direction, _id: direction })
        .limit(1)
        .toArray(),
    );
    return found?.createdAt;
  }
  return {
    recentChanges: (since, most) => recentChanges(collection, scan, since, most),
    async count(filter, most, sees) {
      const accepts = acceptsOf(filter, fields);
      const query = { collection, filter: matching(filter), most, scan };
      if (!accepts && !sees) return countUpTo(query);
      return countSome({ ...query, projection: WITHOUT_DETAILS }, (document) => {
        const delivery = deliveryOf(document);
        return (accepts?.(delivery) ?? true) && (sees?.(delivery) ?? true);
      });
    },
    async summary(filter, most) {
      const pipeline = [
        { $match: matching(filter) },
        { $limit: most + 1 },
        { $project: { status: 1, subscriptionId: 1 } },
        { $group: { _id: { status: "$status", subscriptionId: "$subscriptionId" }, count: { $sum: 1 } } },
      ];
      const groups = await scan((within) => collection.aggregate<CountedGroup>(pipeline, within).toArray());
      const summary = summaryOf(groups, most);
      if (summary.count === 0) return summary;
      const [oldest, newest] = await Promise.all([edge(filter, 1), edge(filter, -1)]);
      return { ...summary, ...(oldest && { oldest }), ...(newest && { newest }) };
    },
    async subscriptionsOf(filter) {
      // `distinct` is not used, because FerretDB accepts no deadline for it.
      const groups = await scan((within) =>
        collection
          .aggregate<{ _id: string }>([{ $match: matching(filter) }, { $group: { _id: "$subscriptionId" } }], within)
          .toArray(),
      );
      return groups.map(({ _id: id }) => id).sort();
    },
    ...createWaitingQueries(collection, scan),
  };
}

/** By the indexes of `updatedAt` and of `groupId, updatedAt`. */
async function recentChanges(
  collection: Collection<DeliveryDocument>,
  scan: Scan,
  { from, afterId, groupIds }: Parameters<Queries["recentChanges"]>[0],
  most: number,
): Promise<Delivery[]> {
  const filter: Filter<DeliveryDocument>[] = [
    ...(groupIds ? [oneOf<DeliveryDocument>("groupId", groupIds)] : []),
    { updatedAt: { $gte: from } },
    ...(afterId === undefined ? [] : [{ $or: [{ updatedAt: { $gt: from } }, { _id: { $gt: afterId } }] }]),
  ];
  const found = await scan((within) =>
    collection
      .find(allOf(filter), { ...within, projection: WITHOUT_DETAILS })
      .sort({ updatedAt: 1, _id: 1 })
      .limit(most)
      .toArray(),
  );
  return found.map(deliveryOf);
}

/** The conditions of deliveries that are not settled yet. */
function createWaitingQueries(
  collection: Collection<DeliveryDocument>,
  scan: Scan,
): Pick<Queries, "waiting" | "openWorkflows" | "oldestUndelivered" | "oldestOverdue"> {
  return {
    async waiting(subscriptionId, most) {
      const due: Filter<DeliveryDocument>[] = [
        oneOf<DeliveryDocument>("status", ["pending", "throttled"]),
        { status: "retrying", nextAttemptAt: { $lte: new Date() } },
      ];
      const found = await scan((within) =>
        collection
          .find({ subscriptionId, $or: due }, { ...within, projection: { _id: 1 } })
          .limit(most)
          .toArray(),
      );
      return found.map(({ _id: id }) => id);
    },
    async openWorkflows(subscriptionId) {
      // By a cursor and not by `distinct`, whose answer is one document of at most 16 MiB. The second condition is that
      // of the partial index.
      const filter: Filter<DeliveryDocument> = {
        subscriptionId,
        workflowId: { $exists: true },
        status: { $nin: [...SETTLED_STATUSES] },
      };
      return scan(async (within) => {
        const ids = new Set<string>();
        for await (const { workflowId } of collection.find(filter, { ...within, projection: { workflowId: 1 } }))
          if (workflowId !== undefined) ids.add(workflowId);
        return [...ids];
      });
    },
    async oldestUndelivered() {
      const filter = oneOf<DeliveryDocument>("status", ["pending", "retrying", "throttled", "held"]);
      const [oldest] = await scan((within) =>
        collection
          .find(filter, { ...within, projection: { createdAt: 1 } })
          .sort({ createdAt: 1, _id: 1 })
          .limit(1)
          .toArray(),
      );
      return oldest?.createdAt;
    },
    oldestOverdue: (now) => oldestOverdue(collection, scan, now),
  };
}

/** By the indexes of `status, createdAt` and of `nextAttemptAt`. */
async function oldestOverdue(
  collection: Collection<DeliveryDocument>,
  scan: Scan,
  now: Date,
): Promise<Date | undefined> {
  const [pending] = await scan((within) =>
    collection
      .find({ status: "pending" }, { ...within, projection: { createdAt: 1 } })
      .sort({ createdAt: 1, _id: 1 })
      .limit(1)
      .toArray(),
  );
  const [due] = await scan((within) =>
    collection
      .find(
        { nextAttemptAt: { $lte: now }, status: { $in: ["retrying", "throttled"] } },
        { ...within, projection: { nextAttemptAt: 1 } },
      )
      .sort({ nextAttemptAt: 1 })
      .limit(1)
      .toArray(),
  );
  const times = [pending?.createdAt, due?.nextAttemptAt].flatMap((at) => (at ? [at.getTime()] : []));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

interface CountedGroup {
  _id: { status: Delivery["status"]; subscriptionId: string };
  count: number;
}

function summaryOf(groups: CountedGroup[], most: number): DeliverySummary {
  const byStatus: DeliverySummary["byStatus"] = {};
  const bySubscription = new Map<string, number>();
  let count = 0;
  for (const {
    _id: { status, subscriptionId },
    count: some,
  } of groups) {
    count += some;
    byStatus[status] = (byStatus[status] ?? 0) + some;
    bySubscription.set(subscriptionId, (bySubscription.get(subscriptionId) ?? 0) + some);
  }
  return { count: Math.min(count, most), exact: count <= most, byStatus, bySubscription };
}

/**
 * The conditions of a filter, all of which must hold. For an event without its field, deliveries of other events with a
 * dot in their id may match too. So check each one.
 */
export function conditions(filter: DeliveryFilter, { filled }: DeliveryFields): Filter<DeliveryDocument>[] {
  const { groupIds, apiIds, apiEventTypes, status, subscriptionId, eventType, eventId, named, since, until } = filter;
  return [
    ...(groupIds ? [oneOf<DeliveryDocument>("groupId", groupIds)] : []),
    ...(apiIds && filled
      ? [oneOf<DeliveryDocument>("apiId", apiIds)]
      : apiEventTypes
        ? [oneOf<DeliveryDocument>("eventType", apiEventTypes)]
        : []),
    ...(status ? [oneOf<DeliveryDocument>("status", status)] : []),
    ...(subscriptionId === undefined ? [] : [{ subscriptionId }]),
    ...(eventType === undefined ? [] : [{ eventType }]),
    ...(eventId === undefined ? [] : [filled ? { eventId } : ofEvent(eventId)]),
    ...(named ? [byName(named, filled)] : []),
    ...lastConditions(filter),
    ...(filter.attemptsMin === undefined ? [] : [{ attemptCount: { $gte: filter.attemptsMin } }]),
    ...within<DeliveryDocument>("createdAt", since, until),
  ];
}

/** The delivery or the event that is named. */
function byName({ deliveryId, eventId }: { deliveryId?: string; eventId?: string }, filled: boolean) {
  const each: Filter<DeliveryDocument>[] = [
    ...(deliveryId === undefined ? [] : [{ _id: deliveryId }]),
    ...(eventId === undefined ? [] : [filled ? { eventId } : ofEvent(eventId)]),
  ];
  const [only, ...others] = each;
  return only && others.length === 0 ? only : { $or: each };
}

/**
 * What the conditions of the filter do not say about a delivery. It is whose event it is, while deliveries do not name
 * their event, and the newest attempt of deliveries of earlier releases. Undefined when the conditions say all.
 */
export function acceptsOf(
  filter: DeliveryFilter,
  { filled }: DeliveryFields,
): ((delivery: Delivery) => boolean) | undefined {
  const { eventId, named } = filter;
  const byEvent = !filled && (eventId !== undefined || named?.eventId !== undefined);
  if (!byEvent && !asksForLast(filter)) return undefined;
  return (delivery) =>
    (eventId === undefined || delivery.eventId === eventId) &&
    (named === undefined || delivery.id === named.deliveryId || delivery.eventId === named.eventId) &&
    matchesLast(delivery, filter);
}

/**
 * Deliveries of an event, also those of earlier releases. Their `_id` begins with the event's id, which is a range of
 * the index of `_id`. The range may hold deliveries of other events with a dot in their id. So check each one.
 */
export function ofEvent(eventId: string): Filter<DeliveryDocument> {
  const prefixes = new Set([eventId, escapeEventId(eventId)]);
  return { $or: [{ eventId }, ...[...prefixes].map((prefix) => ({ _id: { $gte: `${prefix}.`, $lt: `${prefix}/` } }))] };
}
