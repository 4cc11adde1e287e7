/**
 * Connection, client and worker of Temporal. Payloads are sealed, failures are encoded, and search attributes are
 * registered.
 */
import { Client } from "@temporalio/client";
import type { DataConverter, PayloadCodec } from "@temporalio/common";
import proto from "@temporalio/proto";
import {
  DefaultLogger,
  type LogEntry,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from "@temporalio/worker";
import type { Logger } from "pino";
import { ACTIVITY_SLOTS } from "../activities/places/work-places.js";
import { SEARCH_ATTRIBUTE, TASK_QUEUE } from "../workflows/contract.js";
import { FAILURE_CONVERTER_PATH, PAYLOAD_CONVERTER_PATH } from "./bundle.js";
import type { Config } from "./config.js";
import { tlsOf } from "./temporal-tls.js";
import { workerIdentity } from "./process/worker-identity.js";

export interface TemporalLink {
  connection: NativeConnection;
  /** On the worker's own connection, which is what makes eager starts possible. */
  client: Client;
  dataConverter: DataConverter;
  namespace: string;
}

/** Sends the log of the Temporal SDK, core included, where ours goes. Once a process, before the first connection. */
export function installRuntime(log: Logger): void {
  const forward = ({ level, message, meta }: LogEntry): void => {
    const { error, ...rest } = (meta ?? {}) as { error?: unknown } & Record<string, unknown>;
    const entry = { ...rest, ...(error !== undefined && { err: error }) };
    if (level === "ERROR") log.error(entry, message);
    else if (level === "WARN") log.warn(entry, message);
    else log.debug(entry, message);
  };
  Runtime.install({
    logger: new DefaultLogger("INFO", forward),
    telemetryOptions: { logging: { forward: {}, filter: "WARN" } },
  });
}

/** Connects and registers what Sealpost needs in the namespace. @throws Error when Temporal does not answer */
export async function connectTemporal(address: string, config: Config, codec: PayloadCodec): Promise<TemporalLink> {
  const tls = tlsOf(config);
  const connection = await NativeConnection.connect({ address, ...(tls && { tls }) });
  const namespace = config.TEMPORAL_NAMESPACE;
  const dataConverter: DataConverter = {
    payloadCodecs: [codec],
    failureConverterPath: FAILURE_CONVERTER_PATH,
    payloadConverterPath: PAYLOAD_CONVERTER_PATH,
  };
  const client = new Client({ connection, namespace, dataConverter });
  await registerSearchAttributes(connection, namespace);
  return { connection, client, dataConverter, namespace };
}

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/**
 * Adds the missing search attributes. If the account may not add them (a managed namespace), then one sentence says
 * which are wrong or missing.
 */
async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const names = Object.values(SEARCH_ATTRIBUTE);
  const { customAttributes = {} } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => customAttributes[name] === undefined);
  const wrong = names.filter((name) => customAttributes[name] !== undefined && customAttributes[name] !== KEYWORD);
  if (wrong.length > 0)
    throw new Error(
      `The Temporal namespace ${namespace} has ${wrong.join(", ")} with another type than Keyword: ` +
        "remove them or use another namespace.",
    );
  if (missing.length === 0) return;
  await connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) })
    .catch((error: unknown) => {
      // Two processes may start at once. The registration of the other one is as good.
      if (!(error instanceof Error && /already exist/i.test(error.message))) throw error;
    });
}

export interface WorkerSettings {
  bundle: WorkflowBundleOption;
  activities: object;
  shutdownGraceSeconds: number;
  taskQueue?: string;
}

const CANCELLED_END_AFTER_MS = 5_000;

/** The Temporal worker of this process. */
export async function createWorker(
  link: TemporalLink,
  { bundle, activities, shutdownGraceSeconds, taskQueue = TASK_QUEUE }: WorkerSettings,
): Promise<Worker> {
  return Worker.create({
    connection: link.connection,
    namespace: link.namespace,
    taskQueue,
    identity: workerIdentity(),
    workflowBundle: bundle,
    activities,
    dataConverter: link.dataConverter,
    // Fixed slots and an explicit cache. An idle parked workflow costs about 100 KB of memory while it is cached.
    maxCachedWorkflows: 500,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentLocalActivityExecutions: 40,
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    workflowTaskPollerBehavior: { type: "autoscaling", minimum: 2, initial: 4, maximum: 16 },
    activityTaskPollerBehavior: { type: "autoscaling", minimum: 1, initial: 2, maximum: 16 },
    // A cancel reaches an activity by its heartbeats, which the SDK would otherwise send every 48 s.
    maxHeartbeatThrottleInterval: "5 seconds",
    // Above the longest attempt time-out, so that attempts under way end by themselves.
    shutdownGraceTime: shutdownGraceSeconds * 1_000,
    // They are cancelled then. One that does not heed it must not hold the process.
    shutdownForceTime: shutdownGraceSeconds * 1_000 + CANCELLED_END_AFTER_MS,
  });
}
