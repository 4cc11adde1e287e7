/**
 * How many files this process may have open, and what that leaves for connections.
 *
 * Without a descriptor Node cannot start a thread, and V8 then aborts the whole process. So connections are bounded
 * before they take the last one.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { StartError } from "../listening.js";

/** Most connections of each kind. */
export interface SocketBounds {
  /** Of clients to the API. */
  clients: number;
  /** To consumers' endpoints. */
  endpoints: number;
  /** To the store. */
  store: number;
}

const MOST_EACH = 4_096;
/** Where descriptors are scarce: FerretDB opens up to three files for each connection, under the same limit. */
const SCARCE_BELOW = 1_024;
const STORE_WHEN_SCARCE = 16;
/** Most of what is not kept back that the store may get. */
const STORE_SHARE = 1 / 4;
/** For everything else: files, pipes, threads, Temporal, the Temporal UI. A process at rest has 46 open. */
const KEPT_BACK = 96;
/** The least limit with which the service starts: Node loads its modules side by side, and fails with 144. */
const LEAST_OPEN_FILES = 192;

/**
 * The bounds that a limit of open files allows, and a sentence for the operator where it is below what could be used.
 * @param limit undefined where there is none
 * @param storeCalls connections to the store that are wanted
 * @throws StartError when it is too small
 */
export function socketBounds(limit: number | undefined, storeCalls: number): SocketBounds & { said?: string } {
  const unbounded = { clients: MOST_EACH, endpoints: MOST_EACH, store: storeCalls };
  if (limit === undefined) return unbounded;
  const most = limit < SCARCE_BELOW ? STORE_WHEN_SCARCE : Math.floor((limit - KEPT_BACK) * STORE_SHARE);
  const store = Math.min(storeCalls, most);
  const each = Math.floor((limit - KEPT_BACK - store) / 2);
  if (limit < LEAST_OPEN_FILES)
    throw new StartError(
      `This process may open ${limit} files only, and ${LEAST_OPEN_FILES} are the least: raise the limit ` +
        "(ulimit -n, LimitNOFILE of systemd, ulimits of a container).",
    );
  if (each >= MOST_EACH) return { ...unbounded, store };
  return {
    clients: each,
    endpoints: each,
    store,
    said:
      `This process may open ${limit} files, so it takes at most ${each} connections of clients and opens ${each} to ` +
      "endpoints: raise the limit (ulimit -n) for more.",
  };
}

/** The limit that the system sets. Undefined where it sets none or does not tell. */
export function openFileLimit(): number | undefined {
  return limitIn(procLimits() ?? shellLimit());
}

/** The soft limit: the first number of its line in /proc/self/limits, or what `ulimit -n` prints. */
function limitIn(text: string): number | undefined {
  const [, value = ""] = /^(?:Max open files\s+)?(\d+)\b/m.exec(text) ?? [];
  return value === "" ? undefined : Number(value);
}

function procLimits(): string | undefined {
  try {
    const line = /^Max open files.*$/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return line?.[0];
  } catch {
    // Not Linux.
    return undefined;
  }
}

/** A child has the limits of its parent. */
const shellLimit = (): string => spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).stdout ?? "";
