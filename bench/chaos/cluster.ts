/** Three processes of the service on one pair of engines, and the means to do them harm. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Crash } from "../../test/support/oracle.js";
import { killNow } from "../../test/support/process.js";
import { type Service, type ServiceOptions, startService } from "../../test/support/service.js";
import { pause } from "../clock.js";
import { type Disk, mountDisk } from "./disk.js";
import { createFakedClock, type FakedClock } from "./faked-clock.js";
import { type Proxy, startProxy } from "./proxy.js";
import type { Address } from "./publishers.js";

/** `service` is the API, the worker and the keeper of the engines in one process. `worker` and `api` join it. */
export const VICTIMS = ["worker", "api", "service", "temporal", "mongodb"] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Cluster {
  service(): Service;
  /** The second API alone. */
  api(): Service;
  /** Both APIs as they can be reached now. The second one talks to Temporal through `proxy`. */
  addresses(): Address[];
  proxy: Proxy;
  /** Everything at rest: data and logs of all processes. */
  directory: string;
  /** What was down and when. */
  crashes: Crash[];
  /** Of the further worker and the second API. Absent when libfaketime is not installed. */
  clock?: FakedClock;
  /** That `directory` lies on. Absent when it was not asked for, or when this user may not mount one. */
  disk?: Disk;
  /** SIGKILL, and back again. Resolves when it is. */
  crash(victim: Victim): Promise<void>;
  /** SIGTERM, and back again. Gives the exit code. */
  restart(name: "worker" | "api"): Promise<number | null>;
  /** SIGKILL to the second API without a restart. */
  killApi(): Promise<void>;
  restartApi(): Promise<void>;
  /** Leaves `service` as the only process. */
  stopOthers(): Promise<void>;
  restartService(): Promise<void>;
  /** Copies the logs of all processes to where they stay, and gives that directory. */
  keepLogs(): string;
  remove(): Promise<void>;
}

/** No load balancer asks here, and each stop would wait for one. */
const NO_DRAIN = { SHUTDOWN_DRAIN_SECONDS: "0" };

/** @param ownDisk whether the data lies on a file system of its own, so that it can be full */
export async function startCluster({ ownDisk }: { ownDisk: boolean }): Promise<Cluster> {
  const place = mkdtempSync(join(tmpdir(), "sealpost-chaos-"));
  const disk = ownDisk ? mountDisk(place) : undefined;
  const directory = disk?.directory ?? place;
  const clock = createFakedClock(place);
  const crashes: Crash[] = [];
  const running: Partial<Record<"service" | "worker" | "api", Service>> = {};
  const logDir = join(directory, "logs");
  mkdirSync(logDir);
  const proxy = await startProxy(() => service().temporalAddress);
  const must = (name: keyof typeof running): Service => {
    const found = running[name];
    if (!found) throw new Error(`${name} is not running.`);
    return found;
  };
  const service = () => must("service");
  const options: Record<keyof typeof running, () => ServiceOptions> = {
    service: () => ({
      dataDir: join(directory, "service"),
      logDir,
      env: NO_DRAIN,
      ...(running.service && { adminKey: running.service.adminKey }),
    }),
    worker: () => ({
      role: "worker",
      join: service(),
      dataDir: join(directory, "worker"),
      logDir,
      env: { ...NO_DRAIN, ...clock?.env },
    }),
    api: () => ({
      role: "api",
      join: service(),
      dataDir: join(directory, "api"),
      logDir,
      env: { ...NO_DRAIN, ...clock?.env, TEMPORAL_ADDRESS: proxy.address },
    }),
  };
  async function start(name: keyof typeof running): Promise<void> {
    running[name] = await startService(options[name]());
  }
  async function crash(victim: Victim): Promise<void> {
    const from = Date.now();
    if (victim === "temporal" || victim === "mongodb") await crashEngine(service(), victim);
    else {
      await must(victim).kill();
      await start(victim);
    }
    crashes.push({ what: victim, from, until: Date.now() });
  }
  async function remove(): Promise<void> {
    for (const name of ["worker", "api", "service"] as const) await running[name]?.remove();
    proxy.close();
    disk?.unmount();
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    await start("service");
    await Promise.all([start("worker"), start("api")]);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    service,
    api: () => must("api"),
    proxy,
    directory,
    crashes,
    ...(clock && { clock }),
    ...(disk && { disk }),
    crash,
    restart: async (name) => {
      const code = await must(name).stop();
      await start(name);
      return code;
    },
    keepLogs: () => {
      const kept = mkdtempSync(join(tmpdir(), "sealpost-chaos-logs-"));
      cpSync(logDir, kept, { recursive: true });
      return kept;
    },
    remove,
    addresses: () =>
      [running.service, running.api].flatMap((each) =>
        each?.running() ? [{ url: each.url, key: each.adminKey }] : [],
      ),
    killApi: () => must("api").kill(),
    restartApi: () => start("api"),
    restartService: () => start("service"),
    stopOthers: async () => void (await Promise.all([must("worker").stop(), must("api").stop()])),
  };
}

const BACK_WITHIN_MS = 60_000;

/** For an error: what a process said last. */
export const lastLinesOf = (process: Service): string => process.log().slice(-3_000);

/** Kills an engine and waits until the service has started it again. */
async function crashEngine(service: Service, engine: "temporal" | "mongodb"): Promise<void> {
  const before = service.pids()[engine];
  if (!before) throw new Error(`${engine} is not embedded here, so it cannot be killed.`);
  killNow(before);
  for (const deadline = Date.now() + BACK_WITHIN_MS; Date.now() < deadline; await pause(100)) {
    const now = service.pids()[engine];
    if (now && now !== before && (await isReady(service))) return;
  }
  throw new Error(`${engine} did not come back within a minute.\n${lastLinesOf(service)}`);
}

async function isReady({ url }: Service): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
  return answer?.status === 200;
}
