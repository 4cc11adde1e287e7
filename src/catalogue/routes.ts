/** Which subscriptions an event goes to. */
import type { Subscription } from "../store/model.js";
import { LIFE, type Routing } from "../store/subscription-life.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { Catalogue } from "./catalogue.js";

/** Type of the event that `POST /v1/subscriptions/{id}/test` sends. It belongs to no api. */
export const TEST_EVENT_TYPE = "sealpost.test";

/** Id of the api whose data key seals events of this type. Empty for the service's own types. */
export const apiOf = (catalogue: Pick<Catalogue, "eventType">, eventType: string): string =>
  catalogue.eventType(eventType)?.apiId ?? "";

/** Whether anybody may publish this type: it is in the catalogue, or one of the service's own. */
export const isKnownType = (catalogue: Catalogue, eventType: string): boolean =>
  eventType === TEST_EVENT_TYPE || catalogue.eventType(eventType) !== undefined;

/** What the subscription's status means for an event of this type. */
export const routingOf = ({ status }: Pick<Subscription, "status">, eventType: string): Routing =>
  eventType === TEST_EVENT_TYPE ? LIFE[status].test : LIFE[status].routing;

/** Subscriptions that get a delivery of the event, sent or held. */
export function routesOf(
  catalogue: Catalogue,
  event: Pick<PublishedEvent, "type" | "groups" | "subscriptionIds">,
): readonly Subscription[] {
  if (event.subscriptionIds) {
    const named = event.subscriptionIds.flatMap((id) => catalogue.subscription(id) ?? []);
    return named.filter((subscription) =>
      event.type === TEST_EVENT_TYPE
        ? routingOf(subscription, event.type) !== "none"
        : catalogue.routes(event.type).includes(subscription),
    );
  }
  const routes = catalogue.routes(event.type);
  const { groups } = event;
  return groups ? routes.filter((subscription) => groups.includes(subscription.groupId)) : routes;
}
