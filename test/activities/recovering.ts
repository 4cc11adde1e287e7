/** What a test of recoveries needs: endpoints, deliveries on record, recoveries that are started as the API does. */
import { expect } from "vitest";
import { createOperations } from "../../src/api/deliveries/operations.js";
import type { Operations } from "../../src/api/dependencies.js";
import { newId } from "../../src/store/ids.js";
import type { Delivery, Subscription } from "../../src/store/model.js";
import type { Recovery } from "../../src/store/collections/recoveries.js";
import { noProgress, type RecoveryFilter } from "../../src/workflows/recovery/recovery-contract.js";
import type { ReceivedRequest, Receiver } from "../support/receiver.js";
import type { RunningWorker } from "./running-worker.js";

export const until = { timeout: 60_000, interval: 50 };
const since = Date.now() - 3_600_000;

export interface Endpoint {
  receiver: Receiver;
  subscription: Subscription;
  eventType: string;
}

export interface Recovering {
  operations: Operations;
  endpoint: (fields?: Partial<Subscription>, respond?: Receiver["respond"]) => Promise<Endpoint>;
  /**
   * Deliveries on record that no workflow looks after, with the content of their events. Gives the ids of the events.
   */
  exhausted: (at: Endpoint, count: number, more?: Partial<Delivery>) => Promise<string[]>;
  /** Publishes and waits until each is parked. Gives the ids of the events. */
  parked: (at: Endpoint, count: number) => Promise<string[]>;
  /** Starts a recovery of what is parked and exhausted, and gives its id. */
  recover: (filter: RecoveryFilter, how?: Pick<Recovery, "ratePerSecond" | "order">) => Promise<string>;
  recordOf: (id: string) => Promise<Recovery | undefined>;
  ended: (id: string) => Promise<unknown>;
}

export const eventIds = (requests: readonly ReceivedRequest[]): unknown[] =>
  requests.map(({ headers }) => headers["webhook-id"]);

export function recovering(worker: RunningWorker): Recovering {
  const { client, store, taskQueue, apiId } = worker;
  const operations = createOperations({
    client,
    store,
    taskQueue,
    parkOpenDays: 7,
    log: { info: () => undefined } as never,
  });
  return {
    operations,
    async endpoint(fields = {}, respond = () => ({ status: 204 })) {
      const receiver = await worker.receive({ respond });
      const {
        eventType,
        subscriptions: [subscription],
      } = await worker.subscribe([receiver.url], fields);
      if (!subscription) throw new Error("no subscription");
      return { receiver, subscription, eventType };
    },
    async exhausted({ subscription, eventType }, count, more = {}) {
      const createdAt = new Date(Date.now() - 60_000);
      const ids = Array.from({ length: count }, () => newId("evt"));
      await store.events.insertMany(
        ids.map((id) => ({
          record: {
            id,
            type: eventType,
            apiId,
            contentType: "application/json",
            sha256: "x",
            size: 2,
            acceptedAt: createdAt,
            owner: id,
          },
          payload: Buffer.from("{}"),
        })),
      );
      await store.deliveries.insertMany(
        ids.map((eventId): Delivery => ({
          id: `${eventId}.${subscription.id}`,
          eventId,
          subscriptionId: subscription.id,
          groupId: subscription.groupId,
          eventType,
          status: "exhausted",
          createdAt,
          updatedAt: createdAt,
          attemptCount: 3,
          attempts: [],
          ...more,
        })),
      );
      return ids;
    },
    async parked({ subscription, eventType }, count) {
      const ids = await Promise.all(Array.from({ length: count }, (_, n) => worker.publish(eventType, { n })));
      for (const id of ids)
        await expect
          .poll(async () => (await store.deliveries.get(`${id}.${subscription.id}`))?.status, until)
          .toBe("parked");
      return ids;
    },
    async recover(filter, how = {}) {
      const now = new Date();
      const recovery: Recovery = {
        id: newId("rec"),
        ...how,
        filter: {
          since,
          until: now.getTime(),
          ...(filter.mode === undefined && { status: ["parked", "exhausted"] }),
          ...filter,
        },
        status: "running",
        progress: noProgress(),
        createdBy: "key:1",
        createdAt: now,
        updatedAt: now,
      };
      await store.recoveries.insert(recovery);
      await operations.startRecovery(recovery);
      return recovery.id;
    },
    recordOf: (id) => store.recoveries.get(id),
    ended: (id) => client.workflow.getHandle(`recovery/${id}`).result(),
  };
}
