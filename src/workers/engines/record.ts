/** What runs on a data directory, written for the next start and for a second process that wants to join. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { liveOwner } from "./data-directory.js";
import { commandLine, isAlive } from "./process-identity.js";

type EngineName = "temporal" | "mongodb";

/** An embedded engine as it runs now. */
interface RunningRecord {
  pid: number;
  /** `host:port` of Temporal, URL of MongoDB. */
  address: string;
  uiUrl?: string;
  /** MongoDB only: FerretDB runs in its place. */
  ferretDb?: boolean;
  /** The former name of `ferretDb`: an earlier release of Sealpost may own the directory that is joined. */
  standIn?: boolean;
}

interface EnginesFile {
  /** Everything has answered. Before that, no other process should join. */
  ready: boolean;
  temporal?: RunningRecord;
  mongodb?: RunningRecord;
}

/** What was chosen last time. FerretDB and mongod cannot read each other's files. */
interface ProvisionFile {
  temporal?: { how: string; port: number; uiPort: number };
  mongodb?: { how: string; port: number };
}

/** Writes `engines.json`. Engines that are given from outside are not in it, because their URLs may hold a password. */
export interface EnginesRecord {
  set(name: EngineName, running: RunningRecord): void;
  ready(): void;
  remove(): void;
}

const enginesFile = (dataDir: string): string => join(dataDir, "engines.json");
const provisionFile = (dataDir: string): string => join(dataDir, "provision.json");

export function createRecord(dataDir: string): EnginesRecord {
  const state: EnginesFile = { ready: false };
  const write = () => writeWhole(enginesFile(dataDir), state);
  return {
    set: (name, running) => {
      state[name] = running;
      try {
        write();
      } catch {
        // A full disk must not end a service whose engine has just come back. Without this record, only the clean-up
        // after a kill would miss the process.
      }
    },
    ready: () => {
      state.ready = true;
      write();
    },
    remove: () => rmSync(enginesFile(dataDir), { force: true }),
  };
}

/**
 * The embedded engines that a live process owns in this directory. Undefined when there are none or they are not ready.
 */
export function readRunningEngines(
  dataDir: string,
): { temporalAddress?: string; temporalUiUrl?: string; mongodbUrl?: string; ferretDb: boolean } | undefined {
  const state = readJson<EnginesFile>(enginesFile(dataDir));
  if (!state?.ready || liveOwner(dataDir) === undefined) return undefined;
  return {
    ...(state.temporal && { temporalAddress: state.temporal.address }),
    ...(state.temporal?.uiUrl !== undefined && { temporalUiUrl: state.temporal.uiUrl }),
    ...(state.mongodb && { mongodbUrl: state.mongodb.address }),
    ferretDb: (state.mongodb?.ferretDb ?? state.mongodb?.standIn) === true,
  };
}

const STOP_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 25;

/**
 * Ends engines whose owner was killed, and waits until they let go of their files. To be called by the holder of the
 * lock only.
 */
export async function stopLeftovers(dataDir: string, progress: (line: string) => void): Promise<void> {
  const state = readJson<EnginesFile>(enginesFile(dataDir));
  await Promise.all(
    [state?.temporal?.pid, state?.mongodb?.pid].map(async (pid) => {
      if (pid === undefined || !runsOn(pid, dataDir)) return;
      progress(
        `Process ${pid} is left from a killed owner of ${dataDir}: stopping it before its files are opened again`,
      );
      signal(pid, "SIGTERM");
      if (await gone(pid, dataDir)) return;
      signal(pid, "SIGKILL");
      await gone(pid, dataDir);
    }),
  );
  rmSync(enginesFile(dataDir), { force: true });
}

export function readProvision(dataDir: string): ProvisionFile {
  return readJson<ProvisionFile>(provisionFile(dataDir)) ?? {};
}

export function rememberProvision(dataDir: string, chosen: ProvisionFile): void {
  writeWhole(provisionFile(dataDir), { ...readProvision(dataDir), ...chosen });
}

/** Its files are named on its command line, so a stranger with the same id is not taken for it. */
const runsOn = (pid: number, dataDir: string): boolean =>
  isAlive(pid) && (commandLine(pid)?.includes(dataDir) ?? false);

async function gone(pid: number, dataDir: string): Promise<boolean> {
  for (const deadline = Date.now() + STOP_WITHIN_MS; Date.now() < deadline;) {
    if (!runsOn(pid, dataDir)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}

function signal(pid: number, what: NodeJS.Signals): void {
  try {
    process.kill(pid, what);
  } catch {
    // It ended in between.
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** By rename, so that a reader never sees half of it. */
function writeWhole(file: string, content: object): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}
