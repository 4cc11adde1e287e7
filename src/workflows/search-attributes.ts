/** What operators find a `retryDelivery` by in the Temporal UI. */
import { defineSearchAttributeKey, type SearchAttributePair } from "@temporalio/common";
import { type DeliveryStatus, type RetryItem, SEARCH_ATTRIBUTE, type SubscriptionItems } from "./contract.js";

const KEYS = {
  status: defineSearchAttributeKey(SEARCH_ATTRIBUTE.status, "KEYWORD"),
  subscription: defineSearchAttributeKey(SEARCH_ATTRIBUTE.subscription, "KEYWORD"),
  group: defineSearchAttributeKey(SEARCH_ATTRIBUTE.group, "KEYWORD"),
  eventType: defineSearchAttributeKey(SEARCH_ATTRIBUTE.eventType, "KEYWORD"),
  eventId: defineSearchAttributeKey(SEARCH_ATTRIBUTE.eventId, "KEYWORD"),
};

/** Temporal on PostgreSQL and MySQL keeps keywords in columns of so many characters. */
const KEYWORD_CHARACTERS = 255;

/** Of several deliveries the one that most needs somebody names the status. */
export const URGENCY: readonly DeliveryStatus[] = [
  "parked",
  "held",
  "throttled",
  "retrying",
  "pending",
  "exhausted",
  "cancelled",
  "delivered",
];

/** The status that a set of deliveries shows. */
export const statusOf = (items: readonly RetryItem[]): DeliveryStatus =>
  URGENCY.find((status) => items.some((item) => item.status === status)) ?? "delivered";

/**
 * Of deliveries of several subscriptions those that stand for all: of the subscription, and with the status, that most
 * needs somebody. A single subscription stands for itself, with its first event.
 */
export function mostUrgent(all: readonly SubscriptionItems[]): SubscriptionItems {
  const [first = { subscriptionId: "", groupId: "", items: [] }, ...others] = all;
  if (others.length === 0) return first;
  const status = statusOf(all.flatMap(({ items }) => items));
  const one = all.find(({ items }) => items.some((item) => item.status === status)) ?? first;
  return { ...one, items: one.items.filter((item) => item.status === status) };
}

/** With several events the first one stands for all. */
export function searchAttributesOf({
  subscriptionId,
  groupId,
  items,
}: Pick<SubscriptionItems, "subscriptionId" | "groupId"> & { items: readonly RetryItem[] }): SearchAttributePair[] {
  const [first] = items;
  return [
    { key: KEYS.status, value: statusOf(items) },
    { key: KEYS.subscription, value: subscriptionId },
    { key: KEYS.group, value: groupId },
    ...(first
      ? [
          { key: KEYS.eventType, value: first.eventType },
          { key: KEYS.eventId, value: first.eventId.slice(0, KEYWORD_CHARACTERS) },
        ]
      : []),
  ];
}

export const statusAttribute = (status: DeliveryStatus): SearchAttributePair[] => [{ key: KEYS.status, value: status }];
