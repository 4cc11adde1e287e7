/** The delivery of an event that a subscription has none of so far. */
import type { Delivery, EventRecord, Subscription } from "../../store/model.js";
import { deliveryIdOf } from "../../workflows/event-id.js";
import type { Catalogue } from "../catalogue.js";
import { apiOf } from "../routes.js";

/** Its record before the first attempt. Nothing is written here. */
export function firstDeliveryOf(
  catalogue: Pick<Catalogue, "eventType">,
  event: Pick<EventRecord, "id" | "type">,
  subscription: Pick<Subscription, "id" | "groupId">,
): Delivery {
  const now = new Date();
  const apiId = apiOf(catalogue, event.type);
  return {
    id: deliveryIdOf(event.id, subscription.id),
    eventId: event.id,
    subscriptionId: subscription.id,
    groupId: subscription.groupId,
    ...(apiId !== "" && { apiId }),
    eventType: event.type,
    status: "pending",
    createdAt: now,
    updatedAt: now,
    attemptCount: 0,
    attempts: [],
  };
}
