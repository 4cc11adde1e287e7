/**
 * The subscriptions of one `retryDelivery`, each in a lane of its own. A lane has its own pace and its own runs of the
 * activity, so none waits for another.
 */
import type { RetryDeliveryInput, RetryItem, SubscriptionItems } from "../contract.js";

/** One subscription. */
export interface Lane {
  readonly subscriptionId: string;
  readonly groupId: string;
  /** Runs of the activity under way. */
  runs: number;
}

export interface Lanes {
  readonly all: readonly Lane[];
  /** The lane of a delivery. */
  of(item: Pick<RetryItem, "deliveryId">): Lane;
  /** Runs of the activity under way, of all lanes. */
  runs(): number;
  /** The items by lane, in the order of the input. Lanes without items are left out. */
  bundle(items: readonly RetryItem[]): SubscriptionItems[];
}

/** Everything that the workflow was given, by subscription. */
export const subscriptionsOf = ({
  subscriptionId,
  groupId,
  items,
  others = [],
}: RetryDeliveryInput): SubscriptionItems[] => [{ subscriptionId, groupId, items }, ...others];

export function createLanes(input: RetryDeliveryInput): Lanes {
  const all: Lane[] = [];
  const byDelivery = new Map<string, Lane>();
  for (const { subscriptionId, groupId, items } of subscriptionsOf(input)) {
    const lane = { subscriptionId, groupId, runs: 0 };
    all.push(lane);
    for (const { deliveryId } of items) byDelivery.set(deliveryId, lane);
  }
  const of = ({ deliveryId }: Pick<RetryItem, "deliveryId">): Lane => {
    const lane = byDelivery.get(deliveryId);
    if (!lane) throw new Error(`the delivery ${deliveryId} is not in this workflow`);
    return lane;
  };
  return {
    all,
    of,
    runs: () => all.reduce((sum, { runs }) => sum + runs, 0),
    bundle(items) {
      const byLane = new Map<Lane, RetryItem[]>(all.map((lane) => [lane, []]));
      for (const item of items) byLane.get(of(item))?.push(item);
      return [...byLane]
        .filter(([, some]) => some.length > 0)
        .map(([{ subscriptionId, groupId }, some]) => ({ subscriptionId, groupId, items: some }));
    },
  };
}
