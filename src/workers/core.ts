/** What every role needs: store, keys, catalogue, Temporal, sender and throttle. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type Catalogue, createCatalogue } from "../catalogue/catalogue.js";
import { createDispatchGauge, type DispatchGauge } from "../dispatch-gauge.js";
import { type ChainRecorder, createChainRecorder } from "../endpoint/certificates/chain-recorder.js";
import { createPostChat, type PostChat } from "../endpoint/chat/post-chat.js";
import { createEndpointRequest, type EndpointRequest } from "../endpoint/request.js";
import { createGuard, type Guard } from "../endpoint/target/guard.js";
import { createMetrics, type Metrics } from "../metrics.js";
import { createOwnService } from "../endpoint/target/own-service.js";
import { createPayloadCheck, type PayloadCheck } from "../catalogue/payload-check.js";
import { createSchemaCompiler, type SchemaCompiler } from "../catalogue/schema-validator.js";
import { createSender, type Sender } from "../endpoint/send.js";
import { createWatchdog } from "../catalogue/watchdog.js";
import { type AuditTally, createAuditTally } from "../api/access/audit-tally.js";
import type { Operations } from "../api/dependencies.js";
import { createOperations } from "../api/deliveries/operations.js";
import { connectStore, type MongoStore } from "../store/index.js";
import { createMasterKeysFile } from "../store/sealing/master-keys.js";
import { createPayloadCodec, type ProvingCodec } from "../store/sealing/payload-codec.js";
import type { Config } from "./config.js";
import type { Engines } from "./engines/index.js";
import { createLog } from "./log.js";
import type { SocketBounds } from "./process/open-files.js";
import { insist } from "./process/until-ready.js";
import { connectTemporal, installRuntime, type TemporalLink } from "./temporal.js";

export interface Core {
  store: MongoStore;
  auditTally: AuditTally;
  /** For callers of /codec. What they send is theirs, so none of it is counted or logged as damage of our own. */
  callersCodec: ProvingCodec;
  catalogue: Catalogue;
  link: TemporalLink;
  guard: Guard;
  /** Every request of this process to an address that a user chose goes through it. */
  sender: Sender;
  /** Most connections of each kind that the limit of open files allows. */
  sockets: SocketBounds;
  compileSchema: SchemaCompiler;
  payloadCheck: PayloadCheck;
  /** Requests to subscriptions' endpoints, with their signatures and authentication. */
  request: EndpointRequest;
  /** Messages to chat channels, through the same sender. */
  postChat: PostChat;
  gauge: DispatchGauge;
  metrics: Metrics;
  operations: Operations;
  log: Logger;
  logFile: string | undefined;
  version: string;
  close: () => Promise<void>;
}

/** Where this process itself listens. */
interface OwnAddresses {
  demoOrigin?: string | undefined;
  listening?: string | undefined;
}

/** Opens store and engine. @throws ConfigError, StoreError or Error when one of them is not to be had */
export async function openCore(
  config: Config,
  engines: Engines,
  { demoOrigin, listening, sockets }: OwnAddresses & { sockets: SocketBounds },
): Promise<Core> {
  const { log, flush, file: logFile } = createLog(config, process.stdout.isTTY);
  installRuntime(log);
  const metrics = createMetrics();
  const store = await insist(log, () => openStore(config, engines, { calls: sockets.store, metrics, log }));
  const codec = openCodec(store, { metrics, log });
  const link = await connectTemporal(engines.temporal.address, config, codec);
  const catalogue = await createCatalogue({
    store,
    onTrouble: (error) => {
      metrics.ownFailures.inc({ part: "catalogue" });
      log.warn({ err: error }, "the catalogue could not be refreshed; the one in memory goes on serving");
    },
  });
  const guard = guardOf(config, { demoOrigin, listening });
  const auditTally = createAuditTally({ store, log });
  const chains = chainRecorderOf({ store, catalogue, log });
  const sender = createSender({ guard, maxSockets: sockets.endpoints, onChain: (chain) => chains.note(chain) });
  const compileSchema = createSchemaCompiler(createWatchdog());
  return {
    compileSchema,
    payloadCheck: createPayloadCheck({ compileSchema, metrics, log }),
    store,
    auditTally,
    callersCodec: createPayloadCodec(store.keyring, { legacyUntil: store.temporalLegacyUntil }),
    catalogue,
    link,
    guard,
    sender,
    sockets,
    metrics,
    log,
    logFile,
    gauge: createDispatchGauge(),
    operations: createOperations({ client: link.client, store, catalogue, log, parkOpenDays: config.PARK_OPEN_DAYS }),
    request: createEndpointRequest({ sender, version: packageVersion() }),
    postChat: createPostChat({ sender, version: packageVersion() }),
    version: packageVersion(),
    close: async () => {
      catalogue.close();
      await sender.close();
      await chains.written();
      await auditTally
        .close()
        .catch((error: unknown) =>
          log.error({ err: error }, "acts that were counted could not be recorded in the audit"),
        );
      await link.connection.close().catch(() => undefined);
      await store.close();
      flush();
    },
  };
}

/** What endpoints show of certificates. If it is not written, then it is at a later handshake. */
const chainRecorderOf = ({ store, catalogue, log }: Pick<Core, "store" | "catalogue" | "log">): ChainRecorder =>
  createChainRecorder({
    store: store.endpointChains,
    // A new subscription is not in memory yet when its endpoint is verified.
    groupOf: async (id) => (catalogue.subscription(id) ?? (await store.subscriptions.get(id)))?.groupId,
    onTrouble: (error) => log.warn({ err: error }, "the certificates that an endpoint showed could not be recorded"),
  });

function openStore(
  config: Config,
  engines: Engines,
  { calls, metrics, log }: { calls: number; metrics: Metrics; log: Logger },
): Promise<MongoStore> {
  metrics.inFlightLimit.set({ kind: "store_calls" }, calls);
  return connectStore({
    mongodbUrl: engines.mongodb.url,
    database: config.MONGODB_DATABASE,
    masterKeys: masterKeysOf(config),
    callsInFlight: calls,
    onCalls: (underWay) => metrics.inFlight.set({ kind: "store_calls" }, underWay),
    stats: config.STATS,
    onStatsTrouble: (error) => {
      metrics.ownFailures.inc({ part: "stats" });
      log.warn({ err: error }, "counts for charts are not written yet; they are written later");
    },
    log,
  });
}

const masterKeysOf = ({ SEALPOST_MASTER_KEYS: given, dataDir }: Config): string =>
  given ?? createMasterKeysFile(join(dataDir, "master-keys")).masterKeys;

/** Of the workers and of the client, which open what the engine keeps for us. */
const openCodec = (store: MongoStore, { metrics, log }: Pick<Core, "metrics" | "log">): ProvingCodec =>
  createPayloadCodec(store.keyring, {
    legacyUntil: store.temporalLegacyUntil,
    onUnproven: () => metrics.unproven.inc({ purpose: "activity" }),
    onUnreadable: (error) => {
      metrics.ownFailures.inc({ part: "codec" });
      log.error(
        { err: error },
        "a Temporal payload cannot be opened; its workflow waits until its key is back, or is terminated by hand",
      );
    },
  });

/** What keeps requests away from this service and its surroundings. */
const guardOf = (config: Config, { demoOrigin, listening }: OwnAddresses): Guard =>
  createGuard({
    allowLocal: config.SEALPOST_ALLOW_LOCAL_TARGETS,
    ports: config.SEALPOST_TARGET_PORTS,
    ownAddresses: config.SEALPOST_OWN_ADDRESSES,
    ownService: createOwnService({
      ...(config.PUBLIC_URL !== undefined && { publicUrl: config.PUBLIC_URL }),
      ...(listening !== undefined && { listening }),
    }),
    ...(demoOrigin && { alwaysAllowedOrigins: [demoOrigin] }),
  });

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
