/** One process owns the engines of a data directory. Two servers on the same files would destroy them. */
import {
  accessSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EngineError } from "./engine-error.js";
import { isAlive, startMark } from "./process-identity.js";

interface Owner {
  pid: number;
  startMark: string;
}

const lockFile = (dataDir: string): string => join(dataDir, "engines.lock");

const PROBE_BYTES = 64 * 1024;
/**
 * The first start of both engines writes a few megabytes. With less free space than this they would end in the middle
 * of the first log.
 */
const NEEDED_BYTES = 50_000_000;
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/**
 * Makes the directory and what it holds.
 * @throws EngineError data_dir_unwritable
 */
export function prepareDataDirectory(dataDir: string): void {
  try {
    for (const directory of [dataDir, join(dataDir, "logs")]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      accessSync(directory, constants.W_OK | constants.X_OK);
    }
    // Access rights say nothing about a full or read-only file system, and free space nothing about a quota.
    const probe = join(dataDir, `.writable-${process.pid}`);
    try {
      writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    } finally {
      rmSync(probe, { force: true });
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "error";
    if (FULL.has(reason)) throw full(dataDir, reason);
    throw new EngineError(
      "data_dir_unwritable",
      `The data directory ${dataDir} cannot be written (${reason}): set SEALPOST_DATA_DIR to a ` +
        "directory that this user may write.",
    );
  }
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize < NEEDED_BYTES) throw full(dataDir, `${Math.floor((bavail * bsize) / 1_000_000)} MB are free`);
}

const full = (dataDir: string, reason: string): EngineError =>
  new EngineError(
    "data_dir_unwritable",
    `The disk of the data directory ${dataDir} is full (${reason}), and the embedded engines need ` +
      `${NEEDED_BYTES / 1_000_000} MB: free some, or set SEALPOST_DATA_DIR to a directory on another ` +
      "disk.",
  );

/**
 * Takes the directory for this process. Gives the function that releases it.
 * @throws EngineError data_dir_in_use when a live process holds it
 */
export function lockDataDirectory(dataDir: string): () => void {
  const file = lockFile(dataDir);
  const own = `${file}.${process.pid}`;
  const mine: Owner = { pid: process.pid, startMark: startMark(process.pid) ?? "" };
  writeFileSync(own, JSON.stringify(mine), { mode: 0o600 });
  try {
    // A link appears as a whole or not at all, so that no process reads half an owner.
    while (!linked(own, file)) {
      const owner = readOwner(file);
      if (owner && isOwnerAlive(owner)) {
        throw new EngineError(
          "data_dir_in_use",
          `The data directory ${dataDir} is in use by process ${owner.pid}: stop that one or set ` +
            "SEALPOST_DATA_DIR to another directory.",
        );
      }
      removeStale(file, owner);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    const owner = readOwner(file);
    if (owner?.pid === mine.pid && owner.startMark === mine.startMark) rmSync(file, { force: true });
  };
}

/** The process that owns the engines of this directory, when it is alive. */
export function liveOwner(dataDir: string): number | undefined {
  const owner = readOwner(lockFile(dataDir));
  return owner && isOwnerAlive(owner) ? owner.pid : undefined;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    return copied(from, to);
  }
}

/** For file systems without links. */
function copied(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moved aside and looked at again, because another process may have replaced the stale lock by its own in between. */
function removeStale(file: string, stale: Owner | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved && (moved.pid !== stale?.pid || moved.startMark !== stale.startMark)) linked(aside, file);
  rmSync(aside, { force: true });
}

function readOwner(file: string): Owner | undefined {
  try {
    const { pid, startMark: mark } = JSON.parse(readFileSync(file, "utf8")) as Partial<Owner>;
    return typeof pid === "number" ? { pid, startMark: mark ?? "" } : undefined;
  } catch {
    return undefined;
  }
}

function isOwnerAlive({ pid, startMark: mark }: Owner): boolean {
  return isAlive(pid) && (mark === "" || startMark(pid) === mark);
}
