/**
 * The API on a free port, over the real store, catalogue, publisher and operations. No worker runs, so nothing is
 * delivered.
 */
import { randomBytes } from "node:crypto";
import net, { type AddressInfo } from "node:net";
import { Client, Connection } from "@temporalio/client";
import { pino } from "pino";
import { Agent, request as send } from "undici";
import { createCatalogue } from "../../src/catalogue/catalogue.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createTargetCheck } from "../../src/endpoint/target/target-check.js";
import { createMetrics } from "../../src/metrics.js";
import { createPayloadCheck } from "../../src/catalogue/payload-check.js";
import { createSchemaCompiler } from "../../src/catalogue/schema-validator.js";
import { createNotingSender, requestsBy } from "./noting-sender.js";
import { createWatchdog } from "../../src/catalogue/watchdog.js";
import type { ApiSettings } from "../../src/api/settings.js";
import { createAuditTally } from "../../src/api/access/audit-tally.js";
import { createClientAddress } from "../../src/api/http/client-address.js";
import { createApi, createHttpServer } from "../../src/api/index.js";
import type { Problem } from "../../src/api/http/errors.js";
import { createLimits } from "../../src/api/access/limits.js";
import { createDeliveryStreams } from "../../src/api/deliveries/stream/delivery-streams.js";
import { createOperations } from "../../src/api/deliveries/operations.js";
import { NO_PORTAL } from "../../src/api/portal/files.js";
import { createPublisher } from "../../src/api/publish/accept/publisher.js";
import { createServiceProvider } from "../../src/api/saml/service-provider.js";
import { createSessions } from "../../src/api/login/sessions.js";
import { createTemporalUi } from "../../src/api/temporal-ui/temporal-ui.js";
import { connectStore, createPayloadCodec } from "../../src/store/index.js";
import { newEnvironmentAdminKey } from "../../src/workers/environment-admin-key.js";
import { masterKey, openDatabase } from "../store/database.js";
import type { Answer, Call, RunningApi, RunningApiOptions } from "./running-api-types.js";

export type { Answer, Call, RunningApi, RunningApiOptions };

/** Starts it with a database and a task queue of its own. */
export async function startApi({
  temporalAddress,
  mongodbUrl,
  settings: given = {},
  http = {},
  guard: guardOptions = {},
  beside,
  clock = Date.now,
  trustedProxies = [],
  temporalUi: temporalUiOptions = {},
  portal = NO_PORTAL,
  checks,
  readiness,
  between = (given) => given,
  limits = {},
  chatCa,
}: RunningApiOptions): Promise<RunningApi> {
  const own = beside ? undefined : await openDatabase(mongodbUrl, "api");
  const database = beside?.database ?? own?.name ?? "";
  const masterKeys = beside?.masterKeys ?? masterKey("first");
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: "info" },
    { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const store = between(await connectStore({ mongodbUrl, database, masterKeys, log: logger }));
  const catalogue = await createCatalogue({ store });
  const connection = await Connection.connect({ address: temporalAddress });
  const codec = createPayloadCodec(store.keyring);
  const metrics = createMetrics();
  const client = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
  const taskQueue = `api-${randomBytes(4).toString("hex")}`;
  const publisher = createPublisher({
    client,
    store,
    catalogue,
    metrics,
    log: logger,
    taskQueue,
    process: taskQueue,
    settings: { batchMax: 200, startsInFlight: 2, dispatchesInFlight: 8, backlogMax: 10_000 },
  });
  const adminKey = newEnvironmentAdminKey();
  const guard = createGuard({ allowLocal: false, ports: [443, 8443], ...guardOptions });
  const sender = createNotingSender({ guard, store, catalogue });
  const auditTally = createAuditTally({ store, log: logger });
  const compileSchema = createSchemaCompiler(createWatchdog());
  const server = createHttpServer(http);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const settings: ApiSettings = {
    publicUrl: url,
    version: "0.0.0-test",
    payloadLimitBytes: 64 * 1024,
    wrongKeysPerMinute: 1_000_000,
    requestsPerSecond: 0,
    production: false,
    environmentAdminKeyHash: store.blindIndex("admin-key", adminKey),
    sessionHours: 12,
    sessionIdleMinutes: 30,
    egressAddresses: [],
    twoPerson: true,
    recoveryReleaseAbove: 10_000,
    recoveryMost: 1_000_000,
    ...given,
  };
  const closing = new AbortController();
  const sessions = createSessions({ store, catalogue, settings, log: logger, clock });
  const temporalUi = createTemporalUi({
    namespace: "default",
    publicUrl: settings.publicUrl,
    sessions,
    auditTally,
    log: logger,
    ...temporalUiOptions,
  });
  server.on(
    "request",
    createApi({
      settings,
      sessions,
      clock,
      temporalUi,
      portal,
      deliveryStreams: createDeliveryStreams({ store, catalogue, log: logger, closing: closing.signal }),
      serviceProvider: createServiceProvider({
        store,
        publicUrl: settings.publicUrl,
        log: logger,
        ...(checks && { checks }),
      }),
      store,
      catalogue,
      publisher,
      codec,
      auditTally,
      clientAddress: createClientAddress(trustedProxies),
      log: logger,
      metrics: metrics.registry,
      limits: createLimits({
        limits: store.limits,
        auditTally,
        log: logger,
        refused: (limit) => metrics.limitRefusals.inc({ limit }),
        settings: { verify: 250, test: 250, drafts: 1_000, recoveries: 1_000, ...limits },
      }),
      operations: createOperations({ client, store, log: logger, parkOpenDays: 1, taskQueue }),
      readiness: readiness ?? (async () => ({ degraded: [] })),
      refuseTarget: (target) => guard.refuseTarget(target),
      checkTarget: createTargetCheck({ guard, connectTimeoutMs: 60_000 }),
      ...requestsBy(sender, chatCa),
      compileSchema,
      payloadCheck: createPayloadCheck({ compileSchema, metrics, log: logger }),
    }),
  );
  const agent = new Agent({ connections: 64 });

  async function call<T>(
    method: string,
    path: string,
    { key = adminKey, body, headers = {} }: Call = {},
  ): Promise<Answer<T>> {
    const raw = body instanceof Uint8Array;
    const answer = await send(`${url}${path}`, {
      method: method as "GET",
      dispatcher: agent,
      headers: {
        ...(key !== "" && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && !raw && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const json = /json\b/.test(String(answer.headers["content-type"]));
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      body: (json && text !== "" ? JSON.parse(text) : {}) as T,
    };
  }
  async function problem(method: string, path: string, made?: Call) {
    const answer = await call<Problem>(method, path, made);
    if (answer.headers["content-type"] !== "application/problem+json")
      throw new Error(`${method} ${path} answered ${answer.status} without a problem: ${answer.text.slice(0, 300)}`);
    if (answer.body.status !== answer.status)
      throw new Error(`${method} ${path}: the problem says ${answer.body.status}, the answer ${answer.status}`);
    return { ...answer.body, headers: answer.headers };
  }
  return {
    url,
    port,
    server,
    store,
    auditTally,
    catalogue,
    adminKey,
    database,
    masterKeys,
    sessions,
    client,
    taskQueue,
    log,
    call,
    problem,
    async key(input) {
      const answer = await call<{ id: string; key: string }>("POST", "/v1/api-keys", {
        body: { name: "test", ...input },
      });
      if (answer.status !== 201) throw new Error(`No key: ${answer.text}`);
      return { id: answer.body.id, token: answer.body.key };
    },
    drain: () => closing.abort(),
    async close() {
      closing.abort();
      server.close();
      server.closeAllConnections();
      await publisher.close();
      await agent.destroy();
      catalogue.close();
      await auditTally.close();
      await sender.close();
      await connection.close();
      await store.close();
      await own?.close();
    },
  };
}

/** Sends bytes on a bare connection and gives everything that comes back until the server closes it. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.setTimeout(30_000, () => socket.destroy(new Error("no answer within 30 s")));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" && chunks.length > 0 ? undefined : reject(error),
    );
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
  });
}

/** Starts a workflow that only collects signals, and gives their names so far. */
export async function collectSignals(
  api: RunningApi,
  workflowType: string,
  workflowId: string,
): Promise<() => Promise<string[]>> {
  const handle = await api.client.workflow.start(workflowType, {
    workflowId,
    taskQueue: api.taskQueue,
    args: [],
    workflowExecutionTimeout: "10 minutes",
  });
  return async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  };
}

export interface Tenant {
  apiId: string;
  eventType: string;
  groupId: string;
  subscriptionId: string;
  secret: string;
  /** Of a consumer key of the group. */
  consumerKey: string;
  /** Of a provider key limited to the api. */
  providerKey: string;
}

/** An api with one event type, a group that is granted it, a subscription, and a key for each side. */
export async function makeTenant(api: RunningApi, name: string): Promise<Tenant> {
  const must = async (path: string, body: unknown) => {
    const answer = await api.call("POST", path, { body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.text}`);
    return answer.body;
  };
  const eventType = `${name}.invoice.paid`;
  const apiId = String((await must("/v1/apis", { name }))["id"]);
  await must("/v1/event-types", { name: eventType, apiId });
  const groupId = String((await must("/v1/groups", { name, grants: [apiId] }))["id"]);
  const subscription = await must("/v1/subscriptions", {
    groupId,
    url: "https://8.8.8.8/hook",
    eventTypes: [eventType],
  });
  return {
    apiId,
    eventType,
    groupId,
    subscriptionId: String(subscription["id"]),
    secret: String(subscription["secret"]),
    consumerKey: (await api.key({ role: "consumer", groupId })).token,
    providerKey: (await api.key({ role: "provider", apiIds: [apiId] })).token,
  };
}
