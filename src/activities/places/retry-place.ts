/**
 * The place of one run of retries. An endpoint that hangs must not hold every slot that a worker has for activities.
 */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { EndpointHealth } from "../../endpoint/health.js";
import type { Place } from "../../turnstile.js";
import type { AttemptReport, RetryItem } from "../../workflows/contract.js";
import type { WorkPlaces } from "./work-places.js";

export interface RetryPlaceDependencies {
  health: EndpointHealth;
  places: Pick<WorkPlaces, "retries" | "pacedRetries" | "pacedStoreWork">;
  catalogue: Pick<Catalogue, "subscription">;
  /** Aborted when the worker stops. */
  stopping?: AbortSignal;
}

/** Runs to an endpoint that answers promptly take milliseconds, so one that finds no place has it soon. */
const WAIT_MS = 1_000;
/** Longest wait of a run with a rate limit for its turn at the store. */
const STORE_WORK_WAIT_MS = 10_000;
/** What found no place comes back after this time, spread, so that it does not come back all at once. */
const AGAIN_MS = { prompt: 1_000, troubled: 10_000 };

const isTroubled = ({ health }: RetryPlaceDependencies, subscriptionId: string): boolean =>
  health.verdict(subscriptionId) !== "prompt";

/** Deliveries of one subscription that are due. */
export interface RetryOrder {
  subscriptionId: string;
  items: RetryItem[];
}

/** Reads or writes in its turn. It is done in any case: what an attempt came to has to be recorded. */
export type StoreWork = <T>(act: () => Promise<T>) => Promise<T>;

/** Makes a run of retries once it has a place. A run without one gives its slot back at once. */
export async function inRetryPlace(
  dependencies: RetryPlaceDependencies,
  order: RetryOrder,
  run: (order: RetryOrder, storeWork: StoreWork) => Promise<AttemptReport>,
): Promise<AttemptReport> {
  const isPaced = dependencies.catalogue.subscription(order.subscriptionId)?.rateLimit !== undefined;
  const place = await enter(dependencies, order.subscriptionId, isPaced);
  if (!place) return { items: turnedAway(dependencies, order), asOf: Date.now() };
  try {
    return await run(order, isPaced ? storeWorkOf(dependencies, order.subscriptionId) : (act) => act());
  } finally {
    place.leave();
  }
}

function storeWorkOf({ places }: RetryPlaceDependencies, name: string): StoreWork {
  const since = Date.now();
  return async (act) => {
    const place = await places.pacedStoreWork.enter({ name, since, waitMs: STORE_WORK_WAIT_MS });
    return act().finally(() => place?.leave());
  };
}

function enter(dependencies: RetryPlaceDependencies, name: string, isPaced: boolean): Promise<Place | undefined> {
  const { places, stopping: signal } = dependencies;
  const troubled = isTroubled(dependencies, name);
  const waitMs = troubled ? 0 : WAIT_MS;
  return (isPaced ? places.pacedRetries : places.retries).enter({ name, since: Date.now(), troubled, waitMs, signal });
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
