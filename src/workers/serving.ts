/** Puts the API together over what the process has opened, and hands it the server's requests. */
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { createClientAddress } from "../api/http/client-address.js";
import { createApi } from "../api/index.js";
import { createDeliveryStreams } from "../api/deliveries/stream/delivery-streams.js";
import type { Publisher } from "../api/dependencies.js";
import type { ApiSettings } from "../api/settings.js";
import { DEGRADED } from "../api/readiness.js";
import { createLimits } from "../api/access/limits.js";
import { createPublisher, type RunningPublisher } from "../api/publish/accept/publisher.js";
import { watchAbandoned } from "../api/publish/accept/take-over.js";
import { createServiceProvider } from "../api/saml/service-provider.js";
import { createSessions } from "../api/login/sessions.js";
import { NO_PORTAL, readPortalFiles } from "../api/portal/files.js";
import { createTemporalUi } from "../api/temporal-ui/temporal-ui.js";
import { createTargetCheck } from "../endpoint/target/target-check.js";
import { isGone, thisProcess } from "./process/process-name.js";
import { type Config, settingsInForce } from "./config.js";
import type { Core } from "./core.js";
import type { Drain } from "./process/drain.js";
import { createPublishRefusals } from "./process/publish-refusals.js";
import type { Engines } from "./engines/index.js";
import { createReadiness } from "./process/readiness.js";
import { TRIAL_CONNECTION } from "./trial/trial-idp.js";
import { DAY_MS } from "../workflows/durations.js";
import type { RunningWorker } from "./worker.js";

interface Serving {
  server: Server;
  core: Core;
  config: Config;
  engines: Engines;
  /** Where the server listens. */
  url: string;
  /** The trial identity provider runs. */
  trial: boolean;
  worker: RunningWorker | undefined;
  drain: Drain;
  /** For how long the engine keeps histories. */
  engineRetentionMs: number;
}

export interface Served {
  /** Publishes in this process, without a request. */
  publish: Publisher["publish"];
  /** Takes no more publishes, and starts those that were accepted. Others start what is left. */
  stopPublishing(): Promise<void>;
  /** Ends what the Temporal UI holds open. */
  close(): void;
}

/** Beside this folder in dist/. */
const BUILT_PORTAL = fileURLToPath(new URL("../portal", import.meta.url));

/** Without a slash at its end. */
export const publicUrlOf = (config: Config, url: string): string => (config.PUBLIC_URL ?? url).replace(/\/+$/, "");

export function serve(serving: Serving): Served {
  const { server, core, config, engines, worker, drain } = serving;
  const { publisher, abandoned } = publishing({ core, config, worker });
  const settings = apiSettingsOf(serving);
  const sessions = createSessions({ store: core.store, catalogue: core.catalogue, settings, log: core.log });
  const embedded = engines.mongodb.embedded || engines.temporal.embedded;
  const refusals = createPublishRefusals(embedded ? config.dataDir : undefined);
  const temporalUi = createTemporalUi({
    address: engines.temporal.uiUrl,
    namespace: config.TEMPORAL_NAMESPACE,
    publicUrl: settings.publicUrl,
    sessions,
    auditTally: core.auditTally,
    log: core.log,
  });
  server.on(
    "request",
    createApi({
      settings,
      sessions,
      temporalUi,
      portal: settings.workerOnly ? NO_PORTAL : readPortalFiles(BUILT_PORTAL),
      deliveryStreams: createDeliveryStreams({ ...core, closing: drain.begun }),
      serviceProvider: createServiceProvider({
        store: core.store,
        publicUrl: settings.publicUrl,
        log: core.log,
        clockSkewSeconds: config.SAML_CLOCK_SKEW_SECONDS,
      }),
      limits: limitsOf({ core, config }),
      store: core.store,
      catalogue: core.catalogue,
      publisher: refusals.watch(publisher),
      operations: core.operations,
      codec: core.callersCodec,
      auditTally: core.auditTally,
      clientAddress: createClientAddress(config.TRUSTED_PROXIES),
      metrics: core.metrics.registry,
      log: core.log,
      readiness: drain.readiness(refusals.readiness(readinessOf({ core, worker, publisher }))),
      refuseTarget: (target) => core.guard.refuseTarget(target),
      checkTarget: createTargetCheck({ guard: core.guard }),
      sender: core.sender,
      endpointRequest: core.request,
      postChat: core.postChat,
      payloadCheck: core.payloadCheck,
      compileSchema: core.compileSchema,
    }),
  );
  return {
    publish: (events) => publisher.publish(events),
    stopPublishing: async () => {
      await abandoned.stop();
      await publisher.close();
    },
    close: () => temporalUi.close(),
  };
}

function publishing({ core, config, worker }: Pick<Serving, "core" | "config" | "worker">) {
  const { store, catalogue, metrics, log, link } = core;
  const starting = { client: link.client, log, packed: true as const, eager: worker !== undefined };
  const process = thisProcess();
  const publisher = createPublisher({
    client: link.client,
    store,
    catalogue,
    metrics,
    log,
    process,
    ...(worker && { gauge: core.gauge }),
    ...(worker?.early && { early: worker.early }),
    packed: true,
    settings: {
      batchMax: config.PUBLISH_BATCH_MAX,
      startsInFlight: config.PUBLISH_STARTS_IN_FLIGHT,
      dispatchesInFlight: config.PUBLISH_DISPATCHES_IN_FLIGHT,
      backlogMax: config.PUBLISH_BACKLOG_MAX,
    },
  });
  const { owners } = publisher;
  return { publisher, abandoned: watchAbandoned({ store, catalogue, starting, owners, log, process, isGone }) };
}

const readinessOf = ({
  core: { store, link, metrics },
  worker,
  publisher,
}: Pick<Serving, "core" | "worker"> & { publisher: RunningPublisher }) =>
  createReadiness({
    store,
    link,
    ...(worker && { workerState: () => worker.worker.getState() }),
    hasRoom: () => publisher.hasRoom(),
    onChecked: (degraded) => {
      for (const part of DEGRADED) metrics.degraded.set({ part }, degraded.includes(part) ? 1 : 0);
    },
  });

const limitsOf = ({ core, config }: Pick<Serving, "core" | "config">) =>
  createLimits({
    limits: core.store.limits,
    auditTally: core.auditTally,
    log: core.log,
    refused: (limit) => core.metrics.limitRefusals.inc({ limit }),
    settings: {
      verify: config.VERIFICATIONS_PER_MINUTE,
      test: config.TESTS_PER_MINUTE,
      drafts: config.DRAFTS_PER_MINUTE,
      recoveries: config.RECOVERIES_PER_MINUTE,
    },
  });

function apiSettingsOf({ core, config, url, trial, engineRetentionMs }: Serving): ApiSettings {
  return {
    leastRetentionDays: Math.ceil(engineRetentionMs / DAY_MS),
    version: core.version,
    process: thisProcess(),
    publicUrl: publicUrlOf(config, url),
    payloadLimitBytes: config.PAYLOAD_LIMIT_BYTES,
    wrongKeysPerMinute: config.WRONG_KEYS_PER_MINUTE,
    requestsPerSecond: config.REQUESTS_PER_SECOND,
    production: config.production,
    egressAddresses: config.SEALPOST_EGRESS_ADDRESSES,
    inForce: settingsInForce(),
    workerOnly: config.ROLE === "worker",
    sendsMail: config.SMTP_URL !== undefined,
    ...(config.SEALPOST_ADMIN_KEY && {
      environmentAdminKeyHash: core.store.blindIndex("admin-key", config.SEALPOST_ADMIN_KEY),
    }),
    twoPerson: config.SEALPOST_TWO_PERSON,
    recoveryReleaseAbove: config.RECOVERY_RELEASE_ABOVE,
    recoveryMost: config.RECOVERY_MOST,
    sessionHours: config.SESSION_HOURS,
    sessionIdleMinutes: config.SESSION_IDLE_MINUTES,
    ...(trial && { trialConnectionId: TRIAL_CONNECTION }),
  };
}
