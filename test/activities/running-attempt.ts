/**
 * The activities of `retryDelivery` on the real store, sender and receivers, each run in the SDK's mock of an
 * activity's surroundings.
 */
import { randomBytes } from "node:crypto";
import { MockActivityEnvironment } from "@temporalio/testing";
import { pino } from "pino";
import { createAttempt } from "../../src/activities/retry-attempts.js";
import type { AttemptDependencies } from "../../src/activities/retry-run.js";
import { type Catalogue, createCatalogue } from "../../src/catalogue/catalogue.js";
import { createDeliver } from "../../src/activities/attempt.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createEventBytes } from "../../src/activities/event-bytes.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createMetrics } from "../../src/metrics.js";
import { createSender } from "../../src/endpoint/send.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import { createSubscriptionEffects } from "../../src/activities/subscription-effects.js";
import { createRunLeases, type RunLeases } from "../../src/activities/record/run-lease.js";
import { createLateRecords } from "../../src/activities/record/late-records.js";
import { createWorkPlaces } from "../../src/activities/places/work-places.js";
import { createThrottle, type ThrottleDependencies } from "../../src/activities/pace/throttle.js";
import { newId } from "../../src/store/ids.js";
import type { MongoStore } from "../../src/store/index.js";
import type { Subscription } from "../../src/store/model.js";
import type { AttemptReport, RetryItem } from "../../src/workflows/contract.js";
import { openDatabase } from "../store/database.js";

export interface RunningAttempt {
  store: MongoStore;
  catalogue: Catalogue;
  dependencies: AttemptDependencies & { leases: RunLeases };
  /** Where token buckets run, if a worker polls it. */
  taskQueue: string;
  groupId: string;
  eventType: string;
  subscribe(url: string, fields?: Partial<Subscription>): Promise<Subscription>;
  /** Events of the group's type with a delivery each, as a dispatch leaves them. */
  pending(subscription: Subscription, count: number, fields?: Partial<RetryItem>): Promise<RetryItem[]>;
  /** Runs the activity `attempt`. `number` says which run of it this is, from 1. */
  attempt(
    subscription: Subscription,
    items: RetryItem[],
    options?: { environment?: MockActivityEnvironment; number?: number },
  ): Promise<RetryItem[]>;
  /** Runs the activity `recordStatus`. */
  recordStatus(subscription: Subscription, items: RetryItem[], by?: string): Promise<void>;
  close(): Promise<void>;
}

/** @param client of the engine. Only subscriptions with a rate limit talk to it */
export async function startRunningAttempt({
  mongodbUrl,
  client,
}: {
  mongodbUrl: string;
  client: ThrottleDependencies["client"];
}): Promise<RunningAttempt> {
  const database = await openDatabase(mongodbUrl, "attempt");
  const store = await database.openStore();
  const catalogue = await createCatalogue({ store, onTrouble: () => undefined });
  const log = pino({ level: "silent" });
  const [health, metrics] = [createEndpointHealth(), createMetrics()];
  const sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  const taskQueue = `attempt-${randomBytes(4).toString("hex")}`;
  const throttle = createThrottle({ client, catalogue, log, taskQueue });
  const dependencies = {
    store,
    catalogue,
    log,
    health,
    throttle,
    eventBytes: createEventBytes(store),
    effects: createSubscriptionEffects({ store, catalogue, throttle, log }),
    places: createWorkPlaces({ dispatches: 8, attempts: 1_024, metrics }),
    deliver: createDeliver({ request: createEndpointRequest({ sender, version: "0.0.0-test" }), health, metrics, log }),
    unrecordedRetries: new Map(),
    lateRecords: createLateRecords({ log }),
    leases: createRunLeases({ runLeases: store.runLeases, process: taskQueue, log }),
  };
  const activities = createAttempt(dependencies);
  const now = { createdAt: new Date(), updatedAt: new Date() };
  const [apiId, groupId, eventType] = [newId("api"), newId("grp"), "attempt.was.made"];
  await store.apis.insert({ id: apiId, name: "Attempt", ...now });
  await store.eventTypes.insert({ name: eventType, apiId, ...now });
  await store.groups.insert({ id: groupId, name: "Attempt", grants: [apiId], samlGroups: [], ...now });
  return {
    store,
    catalogue,
    dependencies,
    taskQueue,
    groupId,
    eventType,
    async subscribe(url, fields = {}) {
      const subscription: Subscription = {
        id: newId("sub"),
        groupId,
        url,
        eventTypes: [eventType],
        secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
        status: "active",
        ...now,
        ...fields,
      };
      await store.subscriptions.insert(subscription);
      await catalogue.refresh();
      return catalogue.subscription(subscription.id) ?? subscription;
    },
    async pending({ id: subscriptionId }, count, fields = {}) {
      const ids = Array.from({ length: count }, () => newId("evt"));
      await store.events.insertMany(
        ids.map((id) => ({
          record: {
            id,
            type: eventType,
            apiId,
            contentType: "application/json",
            sha256: "",
            size: 2,
            acceptedAt: new Date(),
            owner: id,
          },
          payload: Buffer.from("{}"),
        })),
      );
      const items = ids.map((eventId): RetryItem => ({
        deliveryId: `${eventId}.${subscriptionId}`,
        eventId,
        eventType,
        status: "pending",
        attempts: 0,
        scheduleBase: 0,
        ...fields,
      }));
      await store.deliveries.insertMany(
        items.map(({ deliveryId, eventId, attempts }) => ({
          id: deliveryId,
          eventId,
          subscriptionId,
          groupId,
          eventType,
          status: "pending",
          createdAt: new Date(),
          updatedAt: new Date(),
          attemptCount: attempts,
          attempts: [],
        })),
      );
      return items;
    },
    async attempt(
      { id: subscriptionId },
      items,
      { number = 1, environment = new MockActivityEnvironment({ attempt: number }) } = {},
    ) {
      const report = await environment.run<
        [{ subscriptionId: string; items: RetryItem[] }],
        AttemptReport,
        typeof activities.attempt
      >(activities.attempt, { subscriptionId, items });
      return report.items;
    },
    recordStatus: ({ id: subscriptionId }, items, by) =>
      activities.recordStatus({ subscriptionId, items, ...(by !== undefined && { by }) }),
    async close() {
      throttle.close();
      catalogue.close();
      await sender.close();
      await database.close();
    },
  };
}
