/** The address of one delivery. */
import { useParams } from "@tanstack/react-router";
import { Delivery } from "./delivery.js";

export function DeliveryRoute() {
  const { id } = useParams({ from: "/deliveries/$id" });
  return <Delivery key={id} id={id} />;
}
