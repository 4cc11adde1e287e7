/**
 * The delivering part of the service on the shared engines: real store, worker, publisher and receivers, with names of
 * its own.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Client } from "@temporalio/client";
import type { Collection } from "mongodb";
import { type Logger, pino } from "pino";
import { createCatalogue, type Catalogue } from "../../src/catalogue/catalogue.js";
import { createDeliver } from "../../src/activities/attempt.js";
import { createDispatchGauge } from "../../src/dispatch-gauge.js";
import { createEarlyAttempts } from "../../src/activities/early/early-attempts.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createEventBytes } from "../../src/activities/event-bytes.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createFileMail } from "../../src/activities/mail/file-mail.js";
import type { SendMailDependencies } from "../../src/activities/mail/send-mail.js";
import { createActivities } from "../../src/activities/index.js";
import { createMetrics, type Metrics } from "../../src/metrics.js";
import { createPayloadCheck } from "../../src/catalogue/payload-check.js";
import { createSchemaCompiler } from "../../src/catalogue/schema-validator.js";
import { createSender } from "../../src/endpoint/send.js";
import { createSubscriptionEffects } from "../../src/activities/subscription-effects.js";
import { createThrottle } from "../../src/activities/pace/throttle.js";
import { createRunLeases } from "../../src/activities/record/run-lease.js";
import { createLateRecords } from "../../src/activities/record/late-records.js";
import { createWorkPlaces, type WorkPlaces } from "../../src/activities/places/work-places.js";
import { createWatchdog } from "../../src/catalogue/watchdog.js";
import type { RecordRefusal } from "../../src/catalogue/publisher-proof.js";
import type { Publisher } from "../../src/api/dependencies.js";
import { createPublisher } from "../../src/api/publish/accept/publisher.js";
import { newId } from "../../src/store/ids.js";
import { connectStore, createPayloadCodec, type MongoStore } from "../../src/store/index.js";
import type { Subscription } from "../../src/store/model.js";
import type { PayloadCodecOptions, ProvingCodec } from "../../src/store/sealing/payload-codec.js";
import { createIdleCheck } from "../../src/workers/watch/retention.js";
import { loadConfig } from "../../src/workers/config.js";
import { isGone } from "../../src/workers/process/process-name.js";
import { retryWorkflowId, SIGNAL } from "../../src/workflows/contract.js";
import { type Proxy, startProxy } from "../../bench/chaos/proxy.js";
import { openDatabase } from "../store/database.js";
import { endOf, subscriptionTo } from "./running-parts.js";
import { type ChosenBreakers, runningBreakers, signalled } from "./breaker/running-breakers.js";
import { buildOnce, repositoryRoot } from "../support/build.js";
import { type Receiver, type ReceiverOptions, startReceiver } from "../support/receiver.js";

export interface RunningWorker {
  store: MongoStore;
  catalogue: Catalogue;
  client: Client;
  taskQueue: string;
  publisher: Publisher;
  apiId: string;
  groupId: string;
  /** Stands between the worker (not `store`) and the database. */
  proxy: Proxy;
  /** The collection of data keys, which no test may change but for keys of its own. */
  dataKeys(): Collection<{ _id: string }>;
  /** For an API beside it (startApi of test/api/running-api.ts). */
  database: string;
  masterKeys: string;
  /** Of the worker and its client. */
  codec: ProvingCodec;
  metrics: Metrics;
  /** Of the worker. A test that takes some of them keeps its work waiting. */
  workPlaces: WorkPlaces;
  /** Starts that proved nobody who may make them. */
  refusals: Parameters<RecordRefusal>[0][];
  /** Lines of the log. */
  log: Record<string, unknown>[];
  receive(options?: ReceiverOptions): Promise<Receiver>;
  /**
   * An event type of its own with subscriptions that are called at these URLs. The worker knows them when it resolves.
   */
  subscribe(
    urls: readonly string[],
    fields?: Partial<Subscription>,
  ): Promise<{ eventType: string; subscriptions: Subscription[] }>;
  /** Publishes JSON and gives the event's id. */
  publish(eventType: string, data: unknown, id?: string): Promise<string>;
  /** The workflow that delivers an event. */
  ownerOf(eventId: string): Promise<string>;
  /** Resolves once that workflow has ended. Gives its id. It is started a moment after the event was accepted. */
  ownerEnded(eventId: string): Promise<string>;
  /** Tells the retries of an event that its subscription changed. */
  wake(eventId: string): Promise<void>;
  close(): Promise<void>;
}

/** Temporal reads the converters outside the test runner, so they and the bundle are the built ones. */
async function builtWorkers() {
  await buildOnce();
  const built = (name: string) => pathToFileURL(join(repositoryRoot(), "dist/workers", name)).href;
  const { connectTemporal, createWorker } = (await import(
    built("temporal.js")
  )) as typeof import("../../src/workers/temporal.js");
  const { loadBundle } = (await import(built("bundle.js"))) as typeof import("../../src/workers/bundle.js");
  return { connectTemporal, createWorker, loadBundle };
}

export async function startRunningWorker({
  temporalAddress,
  mongodbUrl,
  codecOptions = {},
  startsEarly = false,
  sharesRetries = true,
  places = {},
  breakers,
  mail,
}: {
  temporalAddress: string;
  mongodbUrl: string;
  /** First attempts leave right after the commit. */
  startsEarly?: boolean;
  /** False as long as a worker of an earlier release polls. */
  sharesRetries?: boolean;
  /** With circuit breakers, whose times may be short. */
  breakers?: ChosenBreakers;
  /** How much the worker may do at once. By default as in the settings. */
  places?: { dispatches?: number; attempts?: number };
  codecOptions?: PayloadCodecOptions;
  /** Sends mail about notices. */
  mail?: Pick<SendMailDependencies, "connect" | "from" | "publicUrl">;
}): Promise<RunningWorker> {
  const { connectTemporal, createWorker, loadBundle } = await builtWorkers();
  const [undo, log]: [(() => unknown)[], Record<string, unknown>[]] = [[], []];
  const logger: Logger = pino(
    { level: "info" },
    { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const database = await openDatabase(mongodbUrl, "worker");
  const store = await database.openStore();
  undo.push(() => database.close());
  const proxy = await startProxy(() => new URL(mongodbUrl).host);
  undo.push(() => proxy.close());
  const workerStore = await connectStore({
    mongodbUrl: `mongodb://${proxy.address}/?directConnection=true`,
    database: database.name,
    masterKeys: database.masterKeys,
  });
  undo.push(() => workerStore.close());
  const catalogue = await createCatalogue({ store: workerStore, onTrouble: () => undefined });
  undo.push(() => catalogue.close());

  const codec = createPayloadCodec(store.keyring, codecOptions);
  const link = await connectTemporal(temporalAddress, loadConfig({}), codec);
  undo.push(() => link.connection.close());
  const { client } = link;
  const taskQueue = `worker-${randomBytes(5).toString("hex")}`;
  const refusals: RunningWorker["refusals"] = [];
  const [metrics, health, gauge] = [createMetrics(), createEndpointHealth(), createDispatchGauge()];
  const sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  const throttle = createThrottle({ client, catalogue, log: logger, taskQueue });
  const breaking = runningBreakers(breakers, { client, catalogue, log: logger, taskQueue, metrics });
  const attempts = {
    ...breaking.attempts,
    store: workerStore,
    catalogue,
    log: logger,
    health,
    throttle,
    places: createWorkPlaces({ dispatches: 8, attempts: 1_024, ...places, metrics }),
    deliver: createDeliver({
      request: createEndpointRequest({ sender, version: "0.0.0-test" }),
      health,
      ...breaking.attempts,
      metrics,
      log: logger,
    }),
    eventBytes: createEventBytes(workerStore),
    effects: createSubscriptionEffects({ store: workerStore, catalogue, throttle, log: logger }),
    lateRecords: createLateRecords({ log: logger }),
    sharesRetries: () => sharesRetries,
  };
  const early = startsEarly
    ? createEarlyAttempts({ ...attempts, metrics, process: taskQueue, mayBegin: () => true })
    : undefined;
  const activities = createActivities({
    ...attempts,
    ...(early && { early }),
    isGone,
    leases: createRunLeases({ ...workerStore, process: taskQueue, log: logger }),
    gauge,
    onDispatched: (events) => metrics.dispatched.inc(events),
    parkOpenDays: 7,
    unrecorded: new Map(),
    sending: new Map(),
    unrecordedRetries: new Map(),
    payloadCheck: createPayloadCheck({ compileSchema: createSchemaCompiler(createWatchdog()), metrics, log: logger }),
    isIdle: createIdleCheck({ client }, workerStore),
    ...breaking.activities,
    signalRetry: (workflowId, deliveryIds, notBefore) =>
      signalled(
        client.workflow.getHandle(workflowId).signal(SIGNAL.retry, { deliveryIds, ...(notBefore && { notBefore }) }),
      ),
    recordRefusal: async (refusal) => void refusals.push(refusal),
    notices: {
      store: workerStore,
      catalogue,
      metrics,
      log: logger,
      publish: (events) => publisher.publish(events),
      ...(mail && { fileMail: createFileMail({ store: workerStore, catalogue, log: logger }) }),
    },
    ...(mail && { mail: { ...mail, store: workerStore, catalogue, metrics, log: logger } }),
  });
  const worker = await createWorker(link, {
    bundle: await loadBundle(),
    activities,
    shutdownGraceSeconds: 5,
    taskQueue,
  });
  const running = worker.run();
  undo.push(async () => {
    worker.shutdown();
    await running;
    await breaking.close();
    throttle.close();
    await sender.close();
  });
  const publisher = createPublisher({
    client,
    store,
    catalogue,
    metrics,
    log: logger,
    gauge,
    taskQueue,
    process: taskQueue,
    ...(early && { early }),
    settings: { batchMax: 200, startsInFlight: 1, dispatchesInFlight: 3, backlogMax: 10_000 },
  });
  undo.push(() => publisher.close());

  const ownerOf = async (eventId: string): Promise<string> => (await store.events.get(eventId))?.owner ?? "";
  const now = { createdAt: new Date(), updatedAt: new Date() };
  const [apiId, groupId] = [newId("api"), newId("grp")];
  await store.apis.insert({ id: apiId, name: "Worker", ...now });
  await store.groups.insert({ id: groupId, name: "Worker", grants: [apiId], samlGroups: [], ...now });
  return {
    store,
    catalogue,
    client,
    taskQueue,
    publisher,
    apiId,
    groupId,
    proxy,
    log,
    codec,
    metrics,
    workPlaces: attempts.places,
    refusals,
    database: database.name,
    masterKeys: database.masterKeys,
    dataKeys: () => database.client.db(database.name).collection("dataKeys"),
    async receive(options) {
      const receiver = await startReceiver(options);
      undo.push(() => receiver.close());
      return receiver;
    },
    async subscribe(urls, fields = {}) {
      const eventType = `worker.type${randomBytes(4).toString("hex")}.made`;
      await store.eventTypes.insert({ name: eventType, apiId, ...now });
      const subscriptions = urls.map((url) => ({ ...subscriptionTo({ url, groupId, eventType }), ...fields }));
      for (let from = 0; from < subscriptions.length; from += 50)
        await Promise.all(
          subscriptions.slice(from, from + 50).map((subscription) => store.subscriptions.insert(subscription)),
        );
      await catalogue.refresh();
      return { eventType, subscriptions };
    },
    async publish(type, data, id) {
      const [result] = await publisher.publish([
        {
          type,
          contentType: "application/json",
          body: Buffer.from(JSON.stringify(data)),
          ...(id !== undefined && { id }),
        },
      ]);
      if (!result?.ok) throw new Error(`not accepted: ${result?.code}`);
      return result.id;
    },
    ownerOf,
    async ownerEnded(eventId) {
      const owner = await ownerOf(eventId);
      await endOf(client, owner);
      return owner;
    },
    wake: async (eventId) => client.workflow.getHandle(retryWorkflowId(await ownerOf(eventId))).signal(SIGNAL.wake),
    async close() {
      proxy.set("pass");
      for (const step of undo.splice(0).reverse()) await step();
    },
  };
}
