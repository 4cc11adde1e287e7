/** Which deliveries a recovery sends again, and how fast. */
import type { Delivery, Subscription } from "../../store/model.js";
import type { DeliveryFilter } from "../../store/store.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";

/** Without a status in the filter, the deliveries that wait for a person are sent again. */
export const UNDELIVERED: Delivery["status"][] = ["parked", "exhausted"];

/** The deliveries that a recovery's filter names. */
export function recoveryFilterOf(filter: RecoveryFilter): DeliveryFilter {
  return {
    status: filter.status ?? UNDELIVERED,
    ...(filter.groupId !== undefined && { groupIds: [filter.groupId] }),
    ...(filter.subscriptionId !== undefined && { subscriptionId: filter.subscriptionId }),
    ...(filter.eventType !== undefined && { eventType: filter.eventType }),
    ...(filter.since !== undefined && { since: new Date(filter.since) }),
    ...(filter.until !== undefined && { until: new Date(filter.until) }),
  };
}

/** Deliveries a second to a subscription without a rate limit. */
export const DEFAULT_PER_SECOND = 10;

/** The pace of a recovery to this subscription, deliveries a second. */
export const perSecondOf = (subscription: Pick<Subscription, "rateLimit"> | undefined): number =>
  subscription?.rateLimit?.perSecond ?? DEFAULT_PER_SECOND;
