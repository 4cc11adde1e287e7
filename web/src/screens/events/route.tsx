/** The address of one event. */
import { useParams } from "@tanstack/react-router";
import { Event } from "./event.js";

export function EventRoute() {
  const { id } = useParams({ from: "/events/$id" });
  return <Event key={id} id={id} />;
}
