/** The address of one subscription. */
import { useParams } from "@tanstack/react-router";
import { SubscriptionScreen } from "./subscription.js";

export function SubscriptionRoute() {
  const { id } = useParams({ from: "/subscriptions/$id" });
  return <SubscriptionScreen key={id} id={id} />;
}
