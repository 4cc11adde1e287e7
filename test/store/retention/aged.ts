/** Events and deliveries of two ages, and sweeps over them. */
import { deliveryIdOf } from "../../../src/workflows/event-id.js";
import type { Delivery, EventRecord } from "../../../src/store/model.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { RetentionSweep, SweepOrder } from "../../../src/store/retention/retention-store.js";
import { attempt, delivery, event, later } from "../fixtures.js";

export const DAY = 86_400_000;
/** What was accepted and settled before this instant is old enough. */
export const CUTOFF = later(10 * DAY);
export const detail = { url: "https://consumer.example/hook", requestHeaders: {}, responseBody: "kingfisher" };

/** An event that is old enough, with a delivery of it to each of these subscriptions. */
export async function insertAged(
  store: MongoStore,
  id: string,
  deliveries: Record<string, Partial<Delivery>> = { sub_1: {} },
  fields: Partial<EventRecord> = {},
): Promise<void> {
  await store.events.insertMany([event(id, `payload of ${id}`, fields)]);
  await store.deliveries.insertMany(
    Object.entries(deliveries).map(([subscriptionId, more]) =>
      delivery(id, subscriptionId, { status: "delivered", attempts: [attempt(1, { detail })], ...more }),
    ),
  );
}

/** Sweeps to the end, and gives what every step has done together. */
export async function sweepAll(
  store: MongoStore,
  { cutoffs = { byApi: new Map(), others: CUTOFF }, isIdle = async (workflows) => workflows }: Partial<SweepOrder> = {},
): Promise<Omit<RetentionSweep, "next"> & { steps: number }> {
  const total = { events: new Map<string, number>(), deliveries: 0, open: 0, held: 0, steps: 0 };
  for (let after: SweepOrder["after"]; ;) {
    const { events, deliveries, open, held, next } = await store.retention.sweep({ cutoffs, after, isIdle });
    for (const [apiId, count] of events) total.events.set(apiId, (total.events.get(apiId) ?? 0) + count);
    total.deliveries += deliveries;
    total.open += open;
    total.held += held;
    total.steps++;
    if (!next) return total;
    after = next;
  }
}

/** Which of the events are there, and of which deliveries. */
export async function left(
  store: MongoStore,
  ids: readonly string[],
  subscriptions: readonly string[] = ["sub_1"],
): Promise<{ events: string[]; deliveries: string[] }> {
  const deliveries = ids.flatMap((id) => subscriptions.map((subscription) => deliveryIdOf(id, subscription)));
  return {
    events: [...(await store.events.getMany([...ids])).keys()].sort(),
    deliveries: [...(await store.deliveries.getMany(deliveries)).keys()].sort(),
  };
}
