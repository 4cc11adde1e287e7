/** The connection to MongoDB, with the options that Sealpost insists on, whatever the connection string says. */
import { type Db, type Document, MongoClient, type MongoClientOptions } from "mongodb";
import { guarded } from "./driver-errors.js";
import { StoreError } from "../store-error.js";

/**
 * Writes go to the majority and are journaled, so that no acknowledged write is ever rolled back. Reads go to the
 * primary, so that a process sees its own writes. A server that is down is noticed within 2.5 s, and one that is
 * stopped within OPERATION_DEADLINE_MS.
 */
export const CLIENT_OPTIONS = {
  writeConcern: { w: "majority", j: true, wtimeoutMS: 10_000 },
  readPreference: "primary",
  retryWrites: true,
  retryReads: true,
  serverSelectionTimeoutMS: 2_500,
  connectTimeoutMS: 2_500,
  // Heartbeats are polled, so that each ends within connectTimeoutMS or hangs. See heartbeats.ts.
  serverMonitoringMode: "poll",
  heartbeatFrequencyMS: 2_000,
  // Frees the connection that a stopped server holds. The callers have given up long before.
  socketTimeoutMS: 30_000,
  maxPoolSize: 64,
  ignoreUndefined: true,
  appName: "sealpost",
} as const satisfies MongoClientOptions;

/**
 * For commits, announcements of owners and the readiness check, in a client of their own. Acceptance never waits behind
 * what a consumer causes. One commit is under way at a time, and beside it at most one of each of the others.
 */
const COMMIT_CONNECTIONS = 4;

/** How the calls of a process to the store are divided. The driver lets them wait in turn for a connection. */
export interface CallBounds {
  /** Connections for commits. */
  commits: number;
  /** Connections for everything else. */
  others: number;
  /** Lists that are read at once, out of the others. */
  lists: number;
}

/** `calls`: most calls under way at once. An eighth may be lists, which take seconds where a look-up takes 1 ms. */
export function callBounds(calls: number): CallBounds {
  const commits = Math.min(COMMIT_CONNECTIONS, Math.max(1, Math.floor(calls / 4)));
  return { commits, others: Math.max(1, calls - commits), lists: Math.max(1, Math.floor(calls / 8)) };
}

/** For index builds, whose answer may take hours. The heartbeats still notice a server that hangs. */
export const INDEX_CLIENT_OPTIONS = {
  ...CLIENT_OPTIONS,
  socketTimeoutMS: 0,
  maxPoolSize: 1,
} as const satisfies MongoClientOptions;

/**
 * Connects and checks what the store relies on.
 * @throws StoreError `settings_invalid` naming MONGODB_URL, or `unavailable`
 */
export async function connect(mongodbUrl: string, options: MongoClientOptions = CLIENT_OPTIONS): Promise<MongoClient> {
  const client = createClient(mongodbUrl, options);
  try {
    await guarded(() => client.connect());
    return client;
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Whether the connection string can be used, without connecting.
 * @throws StoreError `settings_invalid` naming MONGODB_URL
 */
export function checkMongodbUrl(url: string): void {
  createClient(url)
    .close()
    .catch(() => undefined);
}

function createClient(url: string, options: MongoClientOptions = CLIENT_OPTIONS): MongoClient {
  refuseUnsafe(url);
  try {
    return new MongoClient(url, options);
  } catch (error) {
    // The driver's message may quote the URL, and with it a password.
    throw new StoreError(
      "settings_invalid",
      `MONGODB_URL cannot be used (${(error as Error).name}): give it as mongodb://user:password@host:port/?options.`,
    );
  }
}

const UNVERIFIED = ["tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "tlsinsecure"];

/**
 * Options of the connection string that would weaken what is promised. If they were overridden silently, then a mistake
 * would stay hidden.
 */
function refuseUnsafe(url: string): void {
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.toLowerCase();
    if (UNVERIFIED.includes(key) && value !== "false")
      throw refused(name, "the server's certificate must be verified; use tlsCAFile for a private CA");
    if (key === "w" && value !== "majority")
      throw refused(name, "an acknowledged write must be on a majority of the servers");
    if ((key === "journal" || key === "j") && value !== "true")
      throw refused(name, "an acknowledged write must be in the journal");
    if (key === "readpreference" && value !== "primary") throw refused(name, "a process must read its own writes");
    if (key === "retrywrites" && value !== "true") throw refused(name, "writes must survive a change of primary");
  }
}

const refused = (name: string, why: string): StoreError =>
  new StoreError("settings_invalid", `MONGODB_URL may not set ${name}: ${why}. Remove it.`);

/** From this version on FerretDB stores its data in DocumentDB. Then indexes are used, and updates are atomic. */
const FERRETDB_WITH_INDEXES = 2;

/**
 * True when the server is FerretDB 1, the embedded engine. FerretDB 2 reports its name too, but it runs on DocumentDB
 * and is treated like MongoDB. It needs no locks, and without indexes it would be slow.
 */
export async function isFerretDb(db: Db): Promise<boolean> {
  const major = ferretdbMajor(await guarded(() => db.admin().command({ buildInfo: 1 })));
  return major !== undefined && major < FERRETDB_WITH_INDEXES;
}

/**
 * FerretDB's major version by its answer to `buildInfo`. Undefined for any other server, and 1 when the answer has no
 * version.
 */
export function ferretdbMajor(info: Document): number | undefined {
  // 1.x has `ferretdbVersion: "v1.24.2"`, 2.x `ferretdb: { version: "v2.5.0" }`.
  const { ferretdb, ferretdbVersion } = info as { ferretdb?: { version?: unknown }; ferretdbVersion?: unknown };
  if (ferretdb === undefined && ferretdbVersion === undefined) return undefined;
  const [, major = "1"] = /^v?(\d+)\./.exec(String(ferretdb?.version ?? ferretdbVersion)) ?? [];
  return Number(major);
}

/** Throws StoreError `settings_invalid` unless writes of this client are majority and journaled. */
export function assertDurableWrites(client: MongoClient): void {
  const { w, journal } = client.writeConcern ?? {};
  if (w !== "majority" || journal !== true) {
    throw new StoreError(
      "settings_invalid",
      "The MongoDB client must write with w: majority and j: true. Create it with CLIENT_OPTIONS.",
    );
  }
}
