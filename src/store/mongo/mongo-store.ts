/** The store over MongoDB. It puts the collections together. */
import type { Db, MongoClient } from "mongodb";
import { type AuditMarkDocument, beginAuditMark } from "../audit/audit-mark.js";
import { type Changes, type ChangesDocument, createChanges } from "./changes.js";
import {
  auditOf,
  catalogueStores,
  eventStores,
  keepingStores,
  limitedStores,
  loginStores,
  statsOf,
  noticeStores,
} from "./collection-stores.js";
import { assertDurableWrites, type CallBounds, callBounds, CLIENT_OPTIONS, connect, isFerretDb } from "./connection.js";
import { countCalls } from "./calls.js";
import type { DataKeyDocument } from "../sealing/data-keys.js";
import { noBackfill, startBackfill } from "../deliveries/delivery-backfill.js";
import type { ErasureDocument, RecentErasuresDocument } from "../collections/erasure-ledger.js";
import { createErasures, type ManagedErasures } from "../collections/erasures.js";
import { createLocks, type Exclusive, type LockDocument, unguarded } from "./exclusive.js";
import { type Grants, openGrants } from "../grants/grants.js";
import type { GrantSigning } from "../grants/signing.js";
import { watchHeartbeats } from "./heartbeats.js";
import { buildIndexes } from "./index-build.js";
import { createKeyUses, type KeyUseDocument, type ManagedKeyUses } from "../collections/key-uses.js";
import { createKeyring, type Keyring, type ManagedKeyring } from "../sealing/keyring.js";
import { localKeyProvider, type KeyProvider } from "../sealing/master-keys.js";
import { createPeopleStore, type PersonDocument } from "../collections/people.js";
import { blindIndex } from "../sealing/pepper.js";
import { loadProofCutOff, type ProofCutOffDocument } from "../sealing/proof-cut-off.js";
import { createFewScans, createSingleScan, type Scan } from "./scans.js";
import type { StatsDependencies } from "../stats/stats.js";
import type { CatalogueVersions } from "../collection.js";
import type { Store } from "../store.js";
import type { StoreLog } from "../store-log.js";

/** The store, and which engine is behind it. */
export interface MongoStore extends Store {
  /** The server is FerretDB 1, where only lookups by `_id` use an index. */
  readonly ferretDb: boolean;
  /**
   * Last day whose keys may have sealed Temporal payloads without a proof (proof-cut-off.ts). Empty when there is none.
   */
  readonly temporalLegacyUntil: string;
  /** For the command that signs rows. */
  readonly signing: GrantSigning;
}

export interface ConnectOptions {
  mongodbUrl: string;
  database?: string;
  /** `id:base64,…`. See `localKeyProvider`. */
  masterKeys: string;
  /** Most calls under way at once to each server. By default 64. */
  callsInFlight?: number;
  /** Told how many are under way whenever that changes. */
  onCalls?: (underWay: number) => void;
  /** Whether deliveries and attempts are counted. By default they are. */
  stats?: boolean;
  /** Told when counts could not be written. They are written later. */
  onStatsTrouble?: (error: unknown) => void;
  log?: StoreLog;
}

/**
 * Connects and opens the store. `close()` closes the connection.
 * @throws StoreError `settings_invalid`, `unavailable`, or `key_unknown` / `sealed_data_invalid` when the master keys
 * are not those of the database
 */
export async function connectStore({
  mongodbUrl,
  database = "sealpost",
  masterKeys,
  callsInFlight = CLIENT_OPTIONS.maxPoolSize,
  onCalls = () => undefined,
  stats = true,
  onStatsTrouble,
  log,
}: ConnectOptions): Promise<MongoStore> {
  const provider = localKeyProvider(masterKeys);
  const bounds = callBounds(callsInFlight);
  const client = await connect(mongodbUrl, { ...CLIENT_OPTIONS, maxPoolSize: bounds.others });
  let commits: MongoClient | undefined;
  try {
    commits = await connect(mongodbUrl, { ...CLIENT_OPTIONS, maxPoolSize: bounds.commits });
    countCalls([client, commits], onCalls);
    const waiting = (seconds: number) =>
      log?.info(
        { seconds },
        "MongoDB builds indexes, and the start waits for them; `npm run indexes` builds them beforehand",
      );
    return await createStore({
      client,
      commits,
      bounds,
      database,
      provider,
      ferretDb: await isFerretDb(client.db(database)),
      buildIndexes: () => buildIndexes({ mongodbUrl, database, waiting }),
      counting: { counts: stats, ...(onStatsTrouble && { onTrouble: onStatsTrouble }) },
      ...(log && { log }),
    });
  } catch (error) {
    await Promise.allSettled([client.close(), commits?.close()]);
    throw error;
  }
}

interface StoreDependencies {
  client: MongoClient;
  /** For what an acceptance needs. */
  commits: MongoClient;
  bounds: CallBounds;
  database: string;
  provider: KeyProvider;
  ferretDb: boolean;
  /** Resolves when every index is there. */
  buildIndexes: () => Promise<void>;
  counting: Pick<StatsDependencies, "counts" | "onTrouble">;
  log?: StoreLog;
}

/** Opens the store over clients made with CLIENT_OPTIONS, which `close()` closes. Throws like `connectStore`. */
async function createStore(deps: StoreDependencies): Promise<MongoStore> {
  const { ferretDb } = deps;
  const { clients, db, commits, heartbeats } = openDatabases(deps);
  const base = baseOf(db, deps);
  const { keyring, exclusive, scan } = base;
  const pings = commits.collection<ChangesDocument>("changes");
  const changes = createChanges(db.collection<ChangesDocument>("changes"), { exclusive, ferretDb, pings });
  // This is the first majority write. A server that cannot make one is found here and not at the first publish.
  await changes.ping(10_000);
  const { grants, pepper, auditMarked, temporalLegacyUntil } = await openSettings(db, keyring);
  if (!ferretDb) await deps.buildIndexes();
  const backfill = ferretDb ? noBackfill() : await startBackfill(db);

  const keyUses = createKeyUses(db.collection<KeyUseDocument>("keyUses"), { ferretDb });
  const expungedLately = new Set<string>();
  const stats = statsOf(db, { ...base, ...deps.counting });
  const erasable = {
    ...catalogueStores(db, { ...base, grants, changes }),
    ...eventStores(db, { ...base, commits, expungedLately, fields: backfill.fields, count: stats.count }),
    ...keepingStores(db, base),
    ...noticeStores(db, base),
    keyUses,
    stats,
    people: createPeopleStore(db.collection<PersonDocument>("people"), {
      keyring,
      scan,
      blindIndex: (label, value) => blindIndex(pepper, label, value),
    }),
  };
  const erasures = await createErasures({
    ...erasable,
    ferretDb,
    exclusive,
    collection: db.collection<ErasureDocument>("erasures"),
    recent: db.collection<RecentErasuresDocument>("recentErasures"),
    keyring,
    expungedLately,
    raise: () => changes.erased(),
    raiseLater: () => changes.erasureDoubtful(),
    version: async () => (await changes.read()).erasures,
  });
  const catalogueVersions = versionsReader({ changes, grants, erasures });

  return {
    ferretDb,
    temporalLegacyUntil,
    ...erasable,
    ...loginStores(db, { ...base, grants }),
    ...limitedStores(db, { ...base, commits }),
    audit: auditOf(db, { ...base, mac: (label, text) => blindIndex(pepper, label, text), marked: auditMarked }),
    catalogueVersion: async () => (await catalogueVersions()).version,
    catalogueVersions,
    catalogueChanges: (since) => changes.since(since),
    keyring,
    grants,
    signing: { db, grants, exclusive, changed: (name) => changes.written(name) },
    erasures,
    blindIndex: (label, value) => blindIndex(pepper, label, value),
    ping: (timeoutMs) => changes.ping(timeoutMs),
    close: () => closeStore(clients, { keyring, keyUses, heartbeats, changes, backfill, stats }),
  };
}

/** Reads the versions, and takes in what other processes erased. */
function versionsReader({
  changes,
  grants,
  erasures,
}: {
  changes: Changes;
  grants: Grants;
  erasures: ManagedErasures;
}): () => Promise<CatalogueVersions> {
  return async () => {
    const [versions] = await Promise.all([changes.read(), grants.authority.refresh()]);
    erasures.notice(versions.erasures);
    return versions;
  };
}

/** The database over the connections of commits, and over the others. */
function openDatabases({ client, commits, database, log }: StoreDependencies) {
  const clients = [client, commits];
  clients.forEach(assertDurableWrites);
  const heartbeats = clients.map((each) => watchHeartbeats(each, log));
  return { clients, heartbeats, db: client.db(database), commits: commits.db(database) };
}

/** What the collections need of each other and of the engine. */
interface Base {
  keyring: ManagedKeyring;
  exclusive: Exclusive;
  scan: Scan;
  ferretDb: boolean;
}

function baseOf(db: Db, { provider, ferretDb, bounds, log }: StoreDependencies): Base {
  const exclusive = ferretDb ? createLocks(db.collection<LockDocument>("locks")) : unguarded;
  const scan = ferretDb ? createSingleScan() : createFewScans(bounds.lists);
  const onMade = (id: string) => log?.info({ dataKey: id }, "made a data key");
  const dataKeys = db.collection<DataKeyDocument>("dataKeys");
  return { keyring: createKeyring({ dataKeys, provider, exclusive, scan, onMade }), exclusive, scan, ferretDb };
}

/** The sealed values of the collection `settings`. The first start makes them. */
async function openSettings(db: Db, keyring: Keyring) {
  const grants = await openGrants(db, keyring, () =>
    beginAuditMark(db.collection<AuditMarkDocument>("settings"), keyring),
  );
  const { pepper, auditMarked = false } = grants.authority.content;
  return {
    grants,
    pepper,
    auditMarked,
    temporalLegacyUntil: await loadProofCutOff(db.collection<ProofCutOffDocument>("settings"), keyring),
  };
}

interface Closing {
  keyring: ManagedKeyring;
  keyUses: ManagedKeyUses;
  heartbeats: { stop(): void }[];
  changes: Changes;
  backfill: { stop(): void };
  stats: { close(): Promise<void> };
}

async function closeStore(
  clients: MongoClient[],
  { keyring, keyUses, heartbeats, changes, backfill, stats }: Closing,
): Promise<void> {
  // Losing the last minutes' count of seals is safe, because the limit is still far away. So a store that is down does
  // not delay the end.
  await keyring.flush().catch(() => undefined);
  await keyUses.flush();
  await stats.close();
  await changes.close();
  keyUses.stop();
  backfill.stop();
  for (const watch of heartbeats) watch.stop();
  await Promise.all(clients.map((client) => client.close()));
}
