/** Starts the built service as a process of its own, the way an operator does. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newEnvironmentAdminKey } from "../../src/workers/environment-admin-key.js";
import { buildOnce, repositoryRoot } from "./build.js";
import { isRunning, killNow } from "./process.js";

export interface ServiceOptions {
  /** Where the embedded engines and the master keys live. By default it is a fresh directory, removed by `remove()`. */
  dataDir?: string;
  role?: "all" | "api" | "worker";
  adminKey?: string;
  /** Joins the engines and the master keys of this service instead of bringing its own. */
  join?: Service;
  env?: Record<string, string>;
  /** Another checkout, built, whose service is started. By default it is this one, built when its sources changed. */
  root?: string;
  /** With SEALPOST_DEMO=1 the demo has traffic of its own. By default it has none. */
  demoTraffic?: true;
  /** For node itself, for instance `--cpu-prof`. By default those of `npm start` and of the image. */
  nodeArguments?: string[];
  /** Most files that the process and its engines may have open each, as `ulimit -n` sets it. */
  openFiles?: number;
  /** Directory for the log. By default it lies beside the data. */
  logDir?: string;
}

export interface ServicePids {
  service: number;
  temporal?: number;
  mongodb?: number;
}

export interface Service {
  /** Address of the API, `http://127.0.0.1:…`. */
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  readonly temporalAddress: string;
  readonly mongodbUrl: string;
  readonly logFile: string;
  /** Process ids as they are now. The engines restart by themselves under new ones. */
  pids(): ServicePids;
  /** Everything it printed so far. */
  log(): string;
  running(): boolean;
  /** SIGTERM, then waits for the exit. Gives the exit code, null when a signal ended it. */
  stop(): Promise<number | null>;
  /** SIGKILL to the service process alone. Its engines are left as they are. */
  kill(): Promise<void>;
  /** Ends the service and its engines and deletes its data. Never throws. */
  remove(): Promise<void>;
}

const AS_STARTED = ["--max-semi-space-size=64"];
const READY_WITHIN_MS = 180_000;
/** Above the bound that the service sets itself: 75 s by default. */
const STOP_WITHIN_MS = 100_000;

/** Services that this process started and did not remove. They are ended when it exits, however it exits. */
const open = new Set<() => void>();
let watchingExit = false;

/**
 * Builds the service when the sources changed, starts it and waits until it says that it is ready.
 * @throws Error with the end of its log when it ends or is not ready within three minutes
 */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  if (options.root === undefined) await buildOnce();
  const workDir = mkdtempSync(join(tmpdir(), "sealpost-"));
  const dataDir = options.dataDir ?? join(workDir, "data");
  const adminKey = options.adminKey ?? options.join?.adminKey ?? newEnvironmentAdminKey();
  const logFile = join(options.logDir ?? workDir, `${options.role ?? "all"}-${randomBytes(4).toString("hex")}.log`);
  const child = spawnService(options, { dataDir, adminKey, logFile });
  const log = () => readFileSync(logFile, "utf8");
  const pids = () => enginePids(dataDir, child.pid ?? 0);
  const end = () => {
    const { service, ...engines } = pids();
    if (child.exitCode === null && child.signalCode === null) killNow(service);
    if (!options.join) for (const pid of Object.values(engines)) if (belongsTo(pid, dataDir)) killNow(pid);
    // A given data directory is the caller's: another process may be started on it.
    if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    rmSync(workDir, { recursive: true, force: true, maxRetries: 5 });
    open.delete(end);
  };
  endOnExit(end);

  const ready = await waitUntilReady(child, log).catch((error: unknown) => {
    end();
    throw error;
  });
  return {
    ...ready,
    adminKey,
    dataDir,
    logFile,
    pids,
    log,
    temporalAddress: options.join?.temporalAddress ?? ready.temporalAddress,
    mongodbUrl: options.join?.mongodbUrl ?? ready.mongodbUrl,
    running: () => child.exitCode === null && child.signalCode === null,
    stop: () => signalAndWait(child, "SIGTERM", log),
    kill: async () => void (await signalAndWait(child, "SIGKILL", log)),
    remove: async () => {
      const engines = pids();
      await signalAndWait(child, "SIGTERM", log).catch(() => undefined);
      for (const pid of [engines.temporal, engines.mongodb]) if (pid) await goneOrLate(pid, 5_000);
      end();
    },
  };
}

function spawnService(
  options: ServiceOptions,
  at: { dataDir: string; adminKey: string; logFile: string },
): ChildProcess {
  const { join: joined } = options;
  // A file instead of a pipe: reading a log line per event would cost the measuring process as much as the measured
  // one.
  const output = openSync(at.logFile, "a");
  const root = options.root ?? repositoryRoot();
  const node = [process.execPath, ...(options.nodeArguments ?? AS_STARTED), join(root, "dist/workers/main.js")];
  // The shell becomes node, so the process id stays.
  const limited = ["sh", "-c", `ulimit -n ${options.openFiles} && exec "$0" "$@"`, ...node];
  const [program = "", ...args] = options.openFiles === undefined ? node : limited;
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", output, output],
    env: {
      ...foreignEnvironment(),
      PORT: "0",
      HOST: "127.0.0.1",
      ROLE: options.role ?? "all",
      SEALPOST_DATA_DIR: at.dataDir,
      SEALPOST_ADMIN_KEY: at.adminKey,
      SEALPOST_ALLOW_LOCAL_TARGETS: "1",
      SEALPOST_DEMO: "0",
      ...givenDatabase(joined?.dataDir ?? at.dataDir),
      ...(joined && {
        TEMPORAL_ADDRESS: joined.temporalAddress,
        MONGODB_URL: joined.mongodbUrl,
        SEALPOST_MASTER_KEYS_FILE: join(joined.dataDir, "master-keys"),
      }),
      ...options.env,
      // Tests count what they publish themselves.
      ...(options.env?.["SEALPOST_DEMO"] === "1" && !options.demoTraffic && { SEALPOST_DEMO: "quiet" }),
    },
  });
  closeSync(output);
  return child;
}

/**
 * With a database that the test run was given, each service takes a database of its own in it. It takes the same one at
 * its next start.
 */
function givenDatabase(dataDir: string): Record<string, string> {
  const url = process.env["SEALPOST_TEST_MONGODB_URL"];
  return url
    ? {
        MONGODB_URL: url,
        MONGODB_DATABASE: `service_${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`,
      }
    : {};
}

/** What node, pip and go need of the environment, without settings of a service that somebody may have exported. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(SEALPOST_|TEMPORAL_|MONGODB_|PUBLISH_|LOG_|NODE_ENV$|NODE_OPTIONS$|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key)));
}

async function waitUntilReady(
  child: ChildProcess,
  log: () => string,
): Promise<{ url: string; temporalAddress: string; mongodbUrl: string }> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const text = log();
    const url = /^Sealpost is ready\S* .*?(https?:\/\/[^\s,]+)/m.exec(text)?.[1];
    const temporalAddress = /^Temporal: (\S+:\d+) /m.exec(text)?.[1];
    const mongodbUrl = /^MongoDB: (mongodb\S+)/m.exec(text)?.[1];
    if (url && temporalAddress && mongodbUrl) return { url: url.replace(/\/$/, ""), temporalAddress, mongodbUrl };
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline)
      throw new Error(
        `The service ${ended ? "ended" : "was not ready in time"}. Its last lines:\n${text.slice(-3_000)}`,
      );
    await pause(50);
  }
}

/** The engines' process ids from `engines.json`. Fewer when they are not embedded or not up. */
function enginePids(dataDir: string, service: number): ServicePids {
  const pids: ServicePids = { service };
  const file = join(dataDir, "engines.json");
  if (!existsSync(file)) return pids;
  try {
    const engines = JSON.parse(readFileSync(file, "utf8")) as Partial<Record<"temporal" | "mongodb", { pid?: number }>>;
    if (engines.temporal?.pid) pids.temporal = engines.temporal.pid;
    if (engines.mongodb?.pid) pids.mongodb = engines.mongodb.pid;
  } catch {
    // Read in the middle of a rewrite: the next call sees it whole.
  }
  return pids;
}

/** Whether the process was started on this data directory: a process id alone may meanwhile be somebody else's. */
function belongsTo(pid: number | undefined, dataDir: string): pid is number {
  if (!pid) return false;
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dataDir) ||
      readFileSync(`/proc/${pid}/environ`, "utf8").includes(dataDir)
    );
  } catch {
    return false;
  }
}

async function signalAndWait(
  child: ChildProcess,
  signal: "SIGTERM" | "SIGKILL",
  log: () => string,
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, STOP_WITHIN_MS, "late")));
  const outcome = await Promise.race([ended, late]);
  clearTimeout(timer);
  if (outcome === "late") {
    child.kill("SIGKILL");
    throw new Error(`The service did not end in time after ${signal}. Its last lines:\n${log().slice(-3_000)}`);
  }
  return child.exitCode;
}

async function goneOrLate(pid: number, withinMs: number): Promise<void> {
  for (const deadline = Date.now() + withinMs; isRunning(pid) && Date.now() < deadline;) await pause(50);
}

function endOnExit(end: () => void): void {
  open.add(end);
  if (watchingExit) return;
  watchingExit = true;
  process.on("exit", () => open.forEach((each) => each()));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
