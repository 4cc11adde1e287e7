/** The connection to MongoDB: what Sealpost insists on, whatever the connection string says. */
import { type Db, type Document, MongoClient, type MongoClientOptions } from "mongodb";
import { guarded } from "./driver-errors.js";
import { StoreError } from "../store-error.js";

/**
 * Majority and journaled, so that nothing acknowledged is ever rolled back; primary reads, so that a process sees its
 * own writes. A server that is down is noticed within 2.5 s; one that is stopped within OPERATION_DEADLINE_MS.
 */
export const CLIENT_OPTIONS = {
  writeConcern: { w: "majority", j: true, wtimeoutMS: 10_000 },
  readPreference: "primary",
  retryWrites: true,
  retryReads: true,
  serverSelectionTimeoutMS: 2_500,
  connectTimeoutMS: 2_500,
  // Polled, so that every heartbeat ends within connectTimeoutMS or hangs; see heartbeats.ts.
  serverMonitoringMode: "poll",
  heartbeatFrequencyMS: 2_000,
  // Frees the connection that a stopped server holds; callers have given up long before.
  socketTimeoutMS: 30_000,
  maxPoolSize: 32,
  ignoreUndefined: true,
  appName: "sealpost",
} as const satisfies MongoClientOptions;

/** For index builds: an answer may take hours. A server that hangs is noticed by the heartbeats all the same. */
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
 * Options of the connection string that would weaken what is promised. Overriding them silently would hide a mistake.
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

/** FerretDB from here on keeps its data in DocumentDB: indexes are used, and updates are atomic. */
const FERRETDB_WITH_INDEXES = 2;

/**
 * True when the server is FerretDB 1, the embedded engine. FerretDB 2 names itself too, and is treated as MongoDB
 * like DocumentDB, which it runs on: locks and no indexes would make it slow, and its updates need none.
 */
export async function isFerretDb(db: Db): Promise<boolean> {
  const major = ferretdbMajor(await guarded(() => db.admin().command({ buildInfo: 1 })));
  return major !== undefined && major < FERRETDB_WITH_INDEXES;
}

/** FerretDB's major version by its answer to `buildInfo`; undefined for any other server, 1 when it names none. */
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
