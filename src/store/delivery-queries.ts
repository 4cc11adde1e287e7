/** What is asked of the collection of deliveries beside its lists: counts for a preview, and what waits. */
import type { Collection, Filter } from "mongodb";
import { escapeEventId } from "../workflows/event-id.js";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import type { DeliveryDocument } from "./deliveries.js";
import type { Delivery } from "./model.js";
import { oneOf, within } from "./paging.js";
import type { DeliveryFilter, DeliveryStore, DeliverySummary } from "./store.js";

type Queries = Pick<DeliveryStore, "summary" | "subscriptionsOf" | "waiting">;
const matching = (filter: DeliveryFilter): Filter<DeliveryDocument> => ({ $and: [{}, ...conditions(filter)] });

export function createDeliveryQueries(collection: Collection<DeliveryDocument>): Queries {
  /** Creation time of the first one in this direction. */
  async function edge(filter: DeliveryFilter, direction: 1 | -1): Promise<Date | undefined> {
    const [found] = await guarded((within) => collection.find(matching(filter), { ...within, projection: { createdAt: 1 } }).sort({ createdAt: direction }).limit(1).toArray(), LIST_DEADLINE_MS);
    return found?.createdAt;
  }
  return {
    async summary(filter, most) {
      const pipeline = [
        { $match: matching(filter) }, { $limit: most + 1 }, { $project: { status: 1, subscriptionId: 1 } },
        { $group: { _id: { status: "$status", subscriptionId: "$subscriptionId" }, count: { $sum: 1 } } },
      ];
      const groups = await guarded((within) => collection.aggregate<CountedGroup>(pipeline, within).toArray(), LIST_DEADLINE_MS);
      const summary = summaryOf(groups, most);
      if (summary.count === 0) return summary;
      const [oldest, newest] = await Promise.all([edge(filter, 1), edge(filter, -1)]);
      return { ...summary, ...(oldest && { oldest }), ...(newest && { newest }) };
    },
    async subscriptionsOf(filter) {
      // Not `distinct`: the stand-in refuses a deadline for it.
      const groups = await guarded((within) => collection.aggregate<{ _id: string }>([{ $match: matching(filter) }, { $group: { _id: "$subscriptionId" } }], within).toArray(), LIST_DEADLINE_MS);
      return groups.map(({ _id: id }) => id).sort();
    },
    async waiting(subscriptionId, most) {
      const due: Filter<DeliveryDocument>[] = [oneOf<DeliveryDocument>("status", ["pending", "throttled"]), { status: "retrying", nextAttemptAt: { $lte: new Date() } }];
      const found = await guarded((within) => collection.find({ subscriptionId, $or: due }, { ...within, projection: { _id: 1 } }).limit(most).toArray(), LIST_DEADLINE_MS);
      return found.map(({ _id: id }) => id);
    },
  };
}

interface CountedGroup {
  _id: { status: Delivery["status"]; subscriptionId: string };
  count: number;
}

function summaryOf(groups: CountedGroup[], most: number): DeliverySummary {
  const byStatus: DeliverySummary["byStatus"] = {};
  const bySubscription = new Map<string, number>();
  let count = 0;
  for (const { _id: { status, subscriptionId }, count: some } of groups) {
    count += some;
    byStatus[status] = (byStatus[status] ?? 0) + some;
    bySubscription.set(subscriptionId, (bySubscription.get(subscriptionId) ?? 0) + some);
  }
  return { count: Math.min(count, most), exact: count <= most, byStatus, bySubscription };
}

/** The conditions of a filter, all of which must hold. */
export function conditions(filter: DeliveryFilter): Filter<DeliveryDocument>[] {
  const { groupIds, apiEventTypes, status, subscriptionId, eventType, eventId, since, until } = filter;
  return [
    ...(groupIds ? [oneOf<DeliveryDocument>("groupId", groupIds)] : []),
    ...(apiEventTypes ? [oneOf<DeliveryDocument>("eventType", apiEventTypes)] : []),
    ...(status ? [oneOf<DeliveryDocument>("status", status)] : []),
    ...(subscriptionId === undefined ? [] : [{ subscriptionId }]),
    ...(eventType === undefined ? [] : [{ eventType }]),
    // An anchored prefix uses the index of `_id`; neither escaped event ids nor subscription ids hold a dot.
    ...(eventId === undefined ? [] : [{ _id: new RegExp(`^${escapeEventId(eventId).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")}\\.[^.]+$`) } as Filter<DeliveryDocument>]),
    ...within<DeliveryDocument>("createdAt", since, until),
  ];
}
