/** The connection to MongoDB: what Sealpost insists on, whatever the connection string says. */
import { MongoClient, type Db, type MongoClientOptions } from "mongodb";
import { guarded } from "./driver-errors.js";
import { StoreError } from "./store.js";

/**
 * Majority and journaled, so that nothing acknowledged is ever rolled back; primary reads, so that a process sees its own
 * writes. A server that is down is noticed within 2.5 s; one that is stopped within OPERATION_DEADLINE_MS.
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

/**
 * Connects and checks what the store relies on.
 * @throws StoreError `settings_invalid` naming MONGODB_URL, or `unavailable`
 */
export async function connect(mongodbUrl: string): Promise<MongoClient> {
  const client = createClient(mongodbUrl);
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
  createClient(url).close().catch(() => undefined);
}

function createClient(url: string): MongoClient {
  refuseUnsafe(url);
  try {
    return new MongoClient(url, CLIENT_OPTIONS);
  } catch (error) {
    // The driver's message may quote the URL, and with it a password.
    throw new StoreError("settings_invalid", `MONGODB_URL cannot be used (${(error as Error).name}): give it as mongodb://user:password@host:port/?options.`);
  }
}

const UNVERIFIED = ["tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "tlsinsecure"];

/** Options of the connection string that would weaken what is promised. Overriding them silently would hide a mistake. */
function refuseUnsafe(url: string): void {
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.toLowerCase();
    if (UNVERIFIED.includes(key) && value !== "false") throw refused(name, "the server's certificate must be verified; use tlsCAFile for a private CA");
    if (key === "w" && value !== "majority") throw refused(name, "an acknowledged write must be on a majority of the servers");
    if ((key === "journal" || key === "j") && value !== "true") throw refused(name, "an acknowledged write must be in the journal");
    if (key === "readpreference" && value !== "primary") throw refused(name, "a process must read its own writes");
    if (key === "retrywrites" && value !== "true") throw refused(name, "writes must survive a change of primary");
  }
}

const refused = (name: string, why: string): StoreError => new StoreError("settings_invalid", `MONGODB_URL may not set ${name}: ${why}. Remove it.`);

/** True when the server is the embedded stand-in (FerretDB) and not MongoDB. */
export async function isStandIn(db: Db): Promise<boolean> {
  const info = await guarded(() => db.admin().command({ buildInfo: 1 }));
  return Object.keys(info).some((field) => field.toLowerCase().startsWith("ferretdb"));
}

/** Throws StoreError `settings_invalid` unless writes of this client are majority and journaled. */
export function assertDurableWrites(client: MongoClient): void {
  const { w, journal } = client.writeConcern ?? {};
  if (w !== "majority" || journal !== true) {
    throw new StoreError("settings_invalid", "The MongoDB client must write with w: majority and j: true. Create it with CLIENT_OPTIONS.");
  }
}
