/** The place of one run of retries. An endpoint that hangs must not hold every slot that a worker has for activities. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { EndpointHealth } from "../../endpoint/health.js";
import type { Place } from "../../turnstile.js";
import type { AttemptReport, RetryItem } from "../../workflows/contract.js";
import type { WorkPlaces } from "./work-places.js";

export interface RetryPlaceDependencies {
  health: EndpointHealth;
  places: Pick<WorkPlaces, "retries" | "pacedRetries">;
  catalogue: Pick<Catalogue, "subscription">;
  /** Aborted when the worker stops. */
  stopping?: AbortSignal;
}

/** Runs to an endpoint that answers promptly take milliseconds, so one that finds no place has it soon. */
const WAIT_MS = 1_000;
/** What found no place comes back after this time, spread, so that it does not come back all at once. */
const AGAIN_MS = { prompt: 1_000, troubled: 10_000 };

const isTroubled = ({ health }: RetryPlaceDependencies, subscriptionId: string): boolean =>
  health.verdict(subscriptionId) !== "prompt";

/** Deliveries of one subscription that are due. */
export interface RetryOrder {
  subscriptionId: string;
  items: RetryItem[];
}

/** Makes a run of retries once it has a place. A run without one gives its slot back at once. */
export async function inRetryPlace(
  dependencies: RetryPlaceDependencies,
  order: RetryOrder,
  run: (order: RetryOrder) => Promise<AttemptReport>,
): Promise<AttemptReport> {
  const place = await enter(dependencies, order.subscriptionId);
  if (!place) return { items: turnedAway(dependencies, order), asOf: Date.now() };
  try {
    return await run(order);
  } finally {
    place.leave();
  }
}

function enter(dependencies: RetryPlaceDependencies, name: string): Promise<Place | undefined> {
  const { places, catalogue, stopping: signal } = dependencies;
  const troubled = isTroubled(dependencies, name);
  const waitMs = troubled ? 0 : WAIT_MS;
  const those = catalogue.subscription(name)?.rateLimit ? places.pacedRetries : places.retries;
  return those.enter({ name, since: Date.now(), troubled, waitMs, signal });
}

/** The items of a run that found no place. Nothing was sent or written, and no attempt of the consumer is spent. */
function turnedAway(dependencies: RetryPlaceDependencies, { subscriptionId, items }: RetryOrder): RetryItem[] {
  const ms = isTroubled(dependencies, subscriptionId) ? AGAIN_MS.troubled : AGAIN_MS.prompt;
  const dueAt = Math.round(Date.now() + ms * (1 + Math.random() / 2));
  return items.map((item) => ({
    ...item,
    // A held one is looked at once a day, or when it is told to. It was, and has not been looked at.
    ...(item.status === "held" && { status: "pending" as const }),
    dueAt,
  }));
}
