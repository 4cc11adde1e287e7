/** What a subscription asks for, against what it has now. */
import type { Subscription } from "../../parts/subscription/model.js";

export interface TypeDifference {
  added: string[];
  removed: string[];
  kept: string[];
}

type Asked = Pick<Subscription, "status" | "eventTypes" | "requestedEventTypes">;

/** Nothing is served yet while it is submitted, so all that it names is new. */
export function typeDifference({ status, eventTypes, requestedEventTypes }: Asked): TypeDifference {
  if (status === "submitted" || requestedEventTypes === undefined) return { added: eventTypes, removed: [], kept: [] };
  return {
    added: requestedEventTypes.filter((name) => !eventTypes.includes(name)),
    removed: eventTypes.filter((name) => !requestedEventTypes.includes(name)),
    kept: eventTypes.filter((name) => requestedEventTypes.includes(name)),
  };
}
