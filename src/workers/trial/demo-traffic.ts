/**
 * The demo's own traffic: an order every few seconds, so that a newcomer sees deliveries, retries and parked ones. Only
 * the newest are kept, because the embedded FerretDB reads every delivery for each list.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Operations, Publisher } from "../../api/dependencies.js";
import type { SweepOrder } from "../../store/retention/retention-store.js";
import type { Store } from "../../store/store.js";
import { DEMO_ORDER_TYPE } from "./demo-endpoints.js";
import { DEMO_API, DEMO_GROUP } from "./demo.js";

export interface TrafficDependencies {
  store: Pick<Store, "retention" | "deliveries">;
  publish: Publisher["publish"];
  operations: Pick<Operations, "cancel">;
  isIdle: SweepOrder["isIdle"];
  log: Pick<Logger, "warn">;
}

/** Events of the demo that are kept. */
export const EVENTS_KEPT = 2_000;
/** Further ones before the oldest are removed together. */
const TRIM_EVERY = 100;
/** The first orders follow quickly, so that the lists are not empty at the first look. */
const QUICK_ORDERS = 20;
const QUICK_MS = 500;
const SLOW_MS = 5_000;
/** Parked deliveries that are ended in one look. */
const MOST_PARKED = 250;

/** Publishes until it is stopped. The clock keeps no process alive. */
export function startTraffic(dependencies: TrafficDependencies): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const looping = (async () => {
    for (let number = 1; ; number++) {
      await delay((number > QUICK_ORDERS ? SLOW_MS : QUICK_MS) * (0.6 + 0.8 * Math.random()), undefined, {
        ref: false,
        signal,
      });
      await dependencies.publish([orderOf(number)]);
      if (number % TRIM_EVERY !== 1) continue;
      await trimDemo(dependencies, EVENTS_KEPT).catch((error: unknown) =>
        dependencies.log.warn({ err: error }, "old events of the demo could not be removed; tried again later"),
      );
    }
  })().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
}

/** The next order. */
export const orderOf = (number: number): Parameters<Publisher["publish"]>[0][number] => ({
  type: DEMO_ORDER_TYPE,
  contentType: "application/json",
  body: Buffer.from(
    JSON.stringify({
      number,
      placedAt: new Date().toISOString(),
      total: `${(number * 37) % 500}.${String((number * 13) % 100).padStart(2, "0")}`,
      currency: "EUR",
    }),
  ),
});

/** Removes what is older than the newest events of the demo. Gives how many events it removed. */
export async function trimDemo(
  { store, operations, isIdle }: Omit<TrafficDependencies, "publish" | "log">,
  kept: number,
): Promise<number> {
  const behind = await store.retention.acceptedBehind(DEMO_API, kept);
  if (!behind) return 0;
  const cutoff = new Date(behind.getTime() + 1);
  // Their workflows would keep them for days. Nobody will send these again.
  const parked = await store.deliveries.list(
    { limit: MOST_PARKED, order: "asc" },
    { groupIds: [DEMO_GROUP], status: ["parked"], until: cutoff },
  );
  for (const delivery of parked.data) await operations.cancel(delivery, "the demo");
  const order = { cutoffs: { byApi: new Map([[DEMO_API, cutoff]]) }, settledBefore: new Date(), isIdle };
  let removed = 0;
  for (let after: SweepOrder["after"]; ;) {
    const { events, next } = await store.retention.sweep({ ...order, after });
    removed += events.get(DEMO_API) ?? 0;
    if (!next) return removed;
    after = next;
  }
}
