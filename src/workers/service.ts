/**
 * Puts one process together: engines, store, catalogue, Temporal, worker, API and demo. Takes it apart in the right
 * order.
 */
import { join } from "node:path";
import { createHttpServer } from "../api/index.js";
import { TEMPORAL_UI_PATH } from "../api/temporal-ui/rules.js";
import { startActKeeper } from "./watch/act-keeper.js";
import { announce } from "./announce.js";
import { ensureAdminKey } from "./admin-key.js";
import type { Config } from "./config.js";
import { drainOf } from "./process/drain.js";
import { openFileLimit, socketBounds } from "./process/open-files.js";
import { insist, untilReady } from "./process/until-ready.js";
import { type Core, openCore } from "./core.js";
import { type Demo, startDemo } from "./trial/demo.js";
import { startTraffic } from "./trial/demo-traffic.js";
import { type Engines, provideEngines, readRunningEngines } from "./engines/index.js";
import { startErasureKeeper } from "./watch/erasure-keeper.js";
import { ensureOwnApi } from "./notices/own-api.js";
import { createLatePublisher } from "./notices/late-publisher.js";
import { watchGrants } from "./watch/grants-watch.js";
import { checkRetention, createIdleCheck } from "./watch/retention.js";
import { addressOf, closeServer, listen, listeningUrl, StartError } from "./listening.js";
import { watchSamlCertificates } from "./watch/saml-certificates.js";
import { retireTrial, startTrialIdp, type TrialIdp } from "./trial/trial-idp.js";
import { publicUrlOf, type Served, serve } from "./serving.js";
import { startWorker } from "./worker.js";

export interface RunningService {
  url: string;
  /** Rejects when the process cannot go on. */
  failed: Promise<never>;
  /**
   * Says that it is not ready and serves on while load balancers hear of it. Then it stops accepting, answers what is
   * under way, lets attempts finish, and closes everything. Bounded by `stopsWithinMs`.
   */
  stop(): Promise<void>;
}

interface Starting {
  config: Config;
  say: (line: string) => void;
  /** How to take apart what stands already. */
  undo: (() => Promise<void>)[];
  /** Aborted: the start is given up. */
  signal: AbortSignal;
}

/** A step that does not notice within this time that the start is given up is left to the end of the process. */
const GIVEN_UP_AFTER_MS = 10_000;

/**
 * Starts what ROLE asks for. When the signal is aborted meanwhile, it takes apart what stands already and rejects.
 * @throws ConfigError, StoreError, EngineError or StartError with one sentence for the operator
 */
export async function startService(
  config: Config,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<RunningService> {
  const undo: Starting["undo"] = [];
  let late: NodeJS.Timeout | undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => (late = setTimeout(() => reject(stopped()), GIVEN_UP_AFTER_MS)), {
      once: true,
    });
  });
  try {
    return await Promise.race([start({ config, say, undo, signal }), givenUp]);
  } catch (error) {
    await undoAll(undo);
    throw error;
  } finally {
    clearTimeout(late);
  }
}

const stopped = (): StartError => new StartError("The start was stopped.");
function goOn({ signal }: Starting): void {
  if (signal.aborted) throw stopped();
}

async function undoAll(undo: (() => Promise<void>)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step().catch(() => undefined);
}

async function start(starting: Starting): Promise<RunningService> {
  const { config, say, undo } = starting;
  const { server, drain, sockets } = await openServer(starting);
  const url = addressOf(server, config);
  const engines = await openEngines(starting, url);
  const demo = await openDemo(starting);
  const trial = await startTrial(config, url, say);
  if (trial) undo.push(() => trial.close());

  const core = await openCore(config, engines, {
    demoOrigin: demo?.origin,
    listening: listeningUrl(server, config),
    sockets,
  });
  undo.push(() => core.close());
  goOn(starting);
  if (core.store.grants.fault) throw core.store.grants.fault;
  const engineRetentionMs = await checkRetention(core.link, config.EVENT_RETENTION_DAYS);
  await startWatches(core, starting);
  const admin = config.ROLE === "worker" ? undefined : await insist(core.log, () => ensureAdminKey(core.store, config));
  await insist(core.log, () => register(core, { demo, trial, production: config.production }));

  const late = createLatePublisher();
  const worker = config.ROLE === "api" ? undefined : await startWorker(core, config, late.publish);
  if (worker) undo.push(() => worker.stop());
  goOn(starting);
  const trialIsThere = trial !== undefined;
  const ui = serve({ server, core, config, engines, url, trial: trialIsThere, worker, drain, engineRetentionMs });
  late.bind(ui.publish);
  undo.push(async () => ui.close());
  undo.push(() => ui.stopPublishing());
  await untilReady({
    store: core.store,
    log: core.log,
    ...(worker && { workerState: () => worker.worker.getState() }),
    signal: starting.signal,
  });
  goOn(starting);
  if (demo?.traffic) undo.push(startDemoTraffic(core, ui));
  announce({
    config,
    url,
    engines,
    admin,
    unsigned: !core.store.grants.marked,
    demo: demo !== undefined,
    trial: trialIsThere,
    say,
    logFile: core.logFile,
  });
  core.log.info({ url, temporal: engines.temporal.how, mongodb: engines.mongodb.how }, "started");
  const stop = async (): Promise<void> => {
    await drain.run();
    // A publish needs store, engine and worker until it is answered. So the requests end before any of them does. On a
    // pure worker nobody publishes, and its health and metrics are there until the end.
    if (config.ROLE !== "worker") undo.push(() => closeServer(server));
    undo.push(async () => ui.close());
    await undoAll(undo);
  };
  return { url, failed: worker?.failed ?? new Promise<never>(() => undefined), stop };
}

/** What a process finds there at its start, or makes. */
async function register(
  core: Core,
  { demo, trial, production }: { demo: Demo | undefined; trial: TrialIdp | undefined; production: boolean },
): Promise<void> {
  if (demo) await demo.register(core.store);
  if (trial) await trial.register(core.store);
  else if (production) await retireTrial(core.store);
  await makeOwnApi(core);
}

/** The service's own event types. If somebody else has their names, then the rest of the service works all the same. */
async function makeOwnApi({ store, catalogue, metrics, log }: Core): Promise<void> {
  await catalogue.refresh();
  const { taken } = await ensureOwnApi(store, catalogue);
  if (taken.length > 0) {
    metrics.ownFailures.inc({ part: "notices" });
    log.error(
      { taken },
      "operational events are not published, because their names belong to an api of somebody else; rename these",
    );
  }
  await catalogue.refresh();
}

async function openEngines(starting: Starting, url: string): Promise<Engines> {
  const { config, say, undo, signal } = starting;
  const engines = await provideEngines({
    ...engineOptions(config, url, say),
    ...enginesOfRunningService(config),
    signal,
  });
  undo.push(() => engines.stop());
  goOn(starting);
  return engines;
}

/** Outside production, beside everything else in one process. */
async function openDemo({ config, say, undo }: Starting): Promise<Demo | undefined> {
  if (config.SEALPOST_DEMO === false || config.production || config.ROLE !== "all") return undefined;
  const demo = await startDemo(say, { traffic: config.SEALPOST_DEMO === true });
  undo.push(() => demo.close());
  return demo;
}

/** Gives how it is stopped. */
function startDemoTraffic({ store, operations, link, log }: Core, { publish }: Served): () => Promise<void> {
  const isIdle = createIdleCheck(link, store);
  const traffic = startTraffic({ store, operations, publish, isIdle, log });
  return () => traffic.stop();
}

/**
 * The port is taken first. A port in use is the commonest mistake, and the codec address is handed to the Temporal UI.
 */
async function openServer({ config, say, undo }: Starting) {
  const { said, ...sockets } = socketBounds(openFileLimit(), config.STORE_CALLS_IN_FLIGHT);
  if (said) say(said);
  const drain = drainOf(config);
  const server = createHttpServer({ closing: drain.begun, maxConnections: sockets.clients });
  await listen(server, config);
  undo.push(() => closeServer(server));
  return { server, drain, sockets };
}

/** What looks after the process while it runs. Each ends with it. */
async function startWatches(core: Core, { config, undo }: Starting): Promise<void> {
  const grants = watchGrants(core);
  undo.push(async () => grants.stop());
  const { store, metrics, log } = core;
  const erasures = await insist(log, () => startErasureKeeper({ store, metrics, log, file: erasuresFile(config) }));
  undo.push(async () => erasures.stop());
  const acts = await insist(log, () => startActKeeper(core));
  undo.push(async () => acts.stop());
  if (config.ROLE !== "worker") {
    const watch = watchSamlCertificates(core);
    undo.push(async () => watch.stop());
  }
}

const erasuresFile = (config: Config): string | undefined =>
  config.SEALPOST_ERASURES_FILE ?? (config.production ? undefined : join(config.dataDir, "erasures.jsonl"));

/** Outside production, beside everything else in one process. */
async function startTrial(config: Config, url: string, say: (line: string) => void): Promise<TrialIdp | undefined> {
  if (config.SEALPOST_TRIAL_IDP === false || config.production || config.ROLE !== "all") return undefined;
  const trial = await startTrialIdp(publicUrlOf(config, url));
  if (!trial)
    say("No trial identity provider: it comes with the development dependencies, which are not installed here.");
  return trial;
}

/** A further worker or API on the same machine joins the embedded engines that a running service has brought. */
function enginesOfRunningService(config: Config): {
  temporalAddress?: string;
  temporalUiUrl?: string;
  mongodbUrl?: string;
} {
  if (config.ROLE === "all" || (config.TEMPORAL_ADDRESS && config.MONGODB_URL)) return {};
  const running = readRunningEngines(config.dataDir);
  if (!running) return {};
  return {
    ...(!config.TEMPORAL_ADDRESS && running.temporalAddress && { temporalAddress: running.temporalAddress }),
    ...(!config.TEMPORAL_ADDRESS &&
      !config.TEMPORAL_UI_ADDRESS &&
      running.temporalUiUrl && { temporalUiUrl: running.temporalUiUrl }),
    ...(!config.MONGODB_URL && running.mongodbUrl && { mongodbUrl: running.mongodbUrl }),
  };
}

const engineOptions = (config: Config, url: string, say: (line: string) => void) => ({
  dataDir: config.dataDir,
  ...(config.TEMPORAL_ADDRESS && { temporalAddress: config.TEMPORAL_ADDRESS }),
  ...(config.TEMPORAL_UI_ADDRESS && { temporalUiUrl: config.TEMPORAL_UI_ADDRESS }),
  ...(config.MONGODB_URL && { mongodbUrl: config.MONGODB_URL }),
  ...(config.SEALPOST_CACHE_DIR && { cacheDir: config.SEALPOST_CACHE_DIR }),
  temporalNamespace: config.TEMPORAL_NAMESPACE,
  temporalUiPath: TEMPORAL_UI_PATH,
  codecEndpoint: `${publicUrlOf(config, url)}/codec`,
  durability: config.TEMPORAL_DURABILITY,
  progress: say,
});
