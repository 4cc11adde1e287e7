/**
 * Real engines without an installation. What is given from outside is used, and the rest is provided below the data
 * directory.
 */
import { resolve } from "node:path";
import { narrowDirectory } from "../private-files.js";
import { EngineError } from "./engine-error.js";
import { lockDataDirectory, prepareDataDirectory } from "./data-directory.js";
import type { EngineProcess } from "./engine-process.js";
import { toolCachesBelow, usualCacheDirectory } from "./machine.js";
import { startMongodb } from "./mongodb.js";
import { refuseTakenPorts } from "./ports.js";
import type { ProvisionContext } from "./provision.js";
import { createRecord, type EnginesRecord, stopLeftovers } from "./record.js";
import { startTemporal } from "./temporal.js";

export type { EngineErrorCode } from "./engine-error.js";
export { readRunningEngines } from "./record.js";

export interface EngineOptions {
  /** Everything embedded lives below it. */
  dataDir: string;
  /** `host:port`. When given, Temporal is not embedded. */
  temporalAddress?: string;
  /** The address of a Temporal UI that was started elsewhere. When given, it is used instead of the embedded one. */
  temporalUiUrl?: string;
  /** When given, MongoDB is not embedded. */
  mongodbUrl?: string;
  temporalNamespace: string;
  /**
   * Ports of the embedded engines. When absent, free ones are taken, and those of the last start if they are free
   * again.
   */
  temporalPort?: number;
  temporalUiPort?: number;
  mongodbPort?: number;
  /** The path under which browsers reach the embedded Temporal UI. `/` when absent. */
  temporalUiPath?: string;
  /** Where the embedded Temporal UI decodes payloads. */
  codecEndpoint?: string;
  /** `normal` survives any crash of a process, `full` also a power cut. */
  durability: "normal" | "full";
  /**
   * Where programs that are fetched or built are kept, and the caches of pip and Go. When absent, the user's own cache
   * directory.
   */
  cacheDir?: string;
  /** When aborted, the start is given up and everything that was started is stopped. */
  signal?: AbortSignal | undefined;
  /** Called with one line at every decision, at every slow step, and when an engine dies and comes back. */
  progress: (line: string) => void;
}

export interface Engines {
  /** `pid` is that of the present process. An engine that is restarted gets another one. */
  readonly temporal: {
    readonly address: string;
    readonly uiUrl?: string;
    readonly embedded: boolean;
    readonly pid?: number;
    readonly how: string;
  };
  readonly mongodb: {
    readonly url: string;
    readonly embedded: boolean;
    /** FerretDB instead of MongoDB. */ readonly ferretDb: boolean;
    readonly pid?: number;
    readonly how: string;
  };
  /**
   * Resolves with a message when an embedded engine dies for the first time. Every death is reported to `progress`, and
   * the engine is restarted.
   */
  readonly died: Promise<string>;
  /** Stops embedded engines, gracefully, by force after five seconds, and releases the data directory. */
  stop(): Promise<void>;
}

/**
 * Provides both engines. Resolves when they answer.
 * @throws EngineError, of code `stopped` when the signal was aborted before
 */
export async function provideEngines(given: EngineOptions): Promise<Engines> {
  const options = { ...given, dataDir: resolve(given.dataDir) };
  const open = narrowDirectory(options.dataDir);
  if (open.length > 0)
    options.progress(
      `Other users of this machine could read ${open.length} files and directories of ` +
        `${options.dataDir}; now only this user can (the first: ${open[0]})`,
    );
  if (options.temporalAddress && options.mongodbUrl)
    return outside({ ...options, temporalAddress: options.temporalAddress, mongodbUrl: options.mongodbUrl });
  prepareDataDirectory(options.dataDir);
  const unlock = lockDataDirectory(options.dataDir);
  const started: EngineProcess[] = [];
  let record: EnginesRecord | undefined;
  const stop = async () => {
    await Promise.all(started.splice(0).map((engine) => engine.stop()));
    record?.remove();
    unlock();
  };
  try {
    await stopLeftovers(options.dataDir, options.progress);
    await refuseTakenPorts({
      temporalPort: options.temporalPort,
      temporalUiPort: options.temporalUiPort,
      mongodbPort: options.mongodbPort,
    });
    record = createRecord(options.dataDir);
    return { ...(await startBoth(options, record, started)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const temporalOutside = (address: string, uiUrl: string | undefined): Engines["temporal"] => ({
  address,
  embedded: false,
  how: "TEMPORAL_ADDRESS",
  ...(uiUrl !== undefined && { uiUrl }),
});

function outside({
  temporalAddress,
  temporalUiUrl,
  mongodbUrl,
}: EngineOptions & { temporalAddress: string; mongodbUrl: string }): Engines {
  return {
    temporal: temporalOutside(temporalAddress, temporalUiUrl),
    mongodb: { url: mongodbUrl, embedded: false, ferretDb: false, how: "MONGODB_URL" },
    died: new Promise(() => undefined),
    stop: async () => undefined,
  };
}

async function startBoth(
  options: EngineOptions,
  record: EnginesRecord,
  started: EngineProcess[],
): Promise<Omit<Engines, "stop">> {
  let died: (message: string) => void = () => undefined;
  const death = new Promise<string>((settle) => (died = settle));
  const onDeath = (message: string) => {
    options.progress(message);
    died(message);
  };
  const keep = <T extends EngineProcess>(engine: T): T => {
    started.push(engine);
    return engine;
  };
  // Both are waited for even if one fails, because the other has to be stopped then.
  const [temporal, mongodb] = await Promise.allSettled([
    temporalOf(options, record, onDeath, keep),
    mongodbOf(options, record, onDeath, keep),
  ]);
  if (temporal.status === "rejected") throw temporal.reason;
  if (mongodb.status === "rejected") throw mongodb.reason;
  record.ready();
  return { temporal: temporal.value, mongodb: mongodb.value, died: death };
}

function contextOf({ cacheDir: given, progress, signal }: EngineOptions): ProvisionContext {
  const cacheDir = given ?? usualCacheDirectory();
  if (cacheDir === undefined)
    throw new EngineError(
      "cache_dir_unwritable",
      "This user has no home directory to keep the programs of the embedded engines in: set " +
        "SEALPOST_CACHE_DIR to a directory that this user may write.",
    );
  return {
    cacheDir: resolve(cacheDir),
    toolEnvironment: given === undefined ? {} : toolCachesBelow(resolve(given)),
    progress,
    signal,
  };
}

type Keep = <T extends EngineProcess>(engine: T) => T;

async function temporalOf(
  options: EngineOptions,
  record: EnginesRecord,
  onDeath: (message: string) => void,
  keep: Keep,
): Promise<Engines["temporal"]> {
  if (options.temporalAddress) return temporalOutside(options.temporalAddress, options.temporalUiUrl);
  let pid = 0;
  const { address, uiUrl, how } = keep(
    await startTemporal({
      ...contextOf(options),
      dataDir: options.dataDir,
      namespace: options.temporalNamespace,
      durability: options.durability,
      ...(options.temporalPort !== undefined && { port: options.temporalPort }),
      ...(options.temporalUiPort !== undefined && { uiPort: options.temporalUiPort }),
      ...(options.temporalUiPath !== undefined && { uiPath: options.temporalUiPath }),
      ...(options.codecEndpoint !== undefined && { codecEndpoint: options.codecEndpoint }),
      onStart: (running) => {
        pid = running.pid;
        record.set("temporal", running);
      },
      onDeath,
    }),
  );
  return {
    address,
    uiUrl: options.temporalUiUrl ?? uiUrl,
    how,
    embedded: true,
    get pid() {
      return pid;
    },
  };
}

async function mongodbOf(
  options: EngineOptions,
  record: EnginesRecord,
  onDeath: (message: string) => void,
  keep: Keep,
): Promise<Engines["mongodb"]> {
  if (options.mongodbUrl) return { url: options.mongodbUrl, embedded: false, ferretDb: false, how: "MONGODB_URL" };
  let pid = 0;
  const { url, ferretDb, how } = keep(
    await startMongodb({
      ...contextOf(options),
      dataDir: options.dataDir,
      durability: options.durability,
      ...(options.mongodbPort !== undefined && { port: options.mongodbPort }),
      onStart: (running) => {
        pid = running.pid;
        record.set("mongodb", running);
      },
      onDeath,
    }),
  );
  return {
    url,
    ferretDb,
    how,
    embedded: true,
    get pid() {
      return pid;
    },
  };
}
