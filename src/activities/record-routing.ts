/** Notes what a dispatch leaves out, so that an event can say why a subscription did not get it. */
import type { Logger } from "pino";
import type { LeftOut, RoutingStore } from "../store/collections/routings.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { Route } from "./first-attempts.js";
import { TEST_EVENT_TYPE } from "../catalogue/routes.js";

export interface RecordRoutingDependencies {
  store: { routings: RoutingStore };
  catalogue: Pick<Catalogue, "leftOut">;
  log: Pick<Logger, "warn">;
}

/**
 * One write for the whole dispatch, and none when nothing was left out. So the usual dispatch pays only a look-up for
 * each event type. It runs beside the deliveries. A record that cannot be written is missed only by a person who asks
 * for it, so it fails nothing.
 */
export async function recordRouting(
  { store, catalogue, log }: RecordRoutingDependencies,
  { id, types, routes = [], pages }: { id: string; types: Iterable<string>; routes?: readonly Route[]; pages?: number },
): Promise<void> {
  const leftOut = new Map<string, LeftOut>();
  for (const type of new Set(types)) {
    const some = type === TEST_EVENT_TYPE ? undefined : catalogue.leftOut(type);
    if (some) leftOut.set(type, some);
  }
  const filtered = new Map<string, string[]>();
  for (const { event, subscription, filtered: verdict } of routes) {
    if (verdict !== "excluded") continue;
    const some = filtered.get(event.id);
    if (some) some.push(subscription.id);
    else filtered.set(event.id, [subscription.id]);
  }
  if (leftOut.size === 0 && filtered.size === 0 && pages === undefined) return;
  await store.routings
    .record({ id, at: new Date(), filtered, leftOut, ...(pages !== undefined && { pages }) })
    .catch((error: unknown) => log.warn({ err: error, owner: id }, "what a dispatch left out is not on record"));
}
