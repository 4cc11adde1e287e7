/** The address of one delivery. */
import { useParams } from "@tanstack/react-router";
import { DeliveryScreen } from "./delivery.js";

export function DeliveryRoute() {
  const { id } = useParams({ from: "/deliveries/$id" });
  return <DeliveryScreen key={id} id={id} />;
}
