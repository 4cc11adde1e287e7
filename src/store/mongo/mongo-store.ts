/** The store over MongoDB: puts the collections together. */
import type { Db, MongoClient } from "mongodb";
import { createAuditStore } from "../audit/audit.js";
import type { AuditDocument, AuditHeadDocument, Mac } from "../audit/audit-chain.js";
import type { IntentCheckpointDocument } from "../audit/audit-intents.js";
import { type AuditMarkDocument, beginAuditMark, createAuditMark } from "../audit/audit-mark.js";
import { createCatalogueCollection, type CatalogueDocument, type Layout } from "./catalogue-collection.js";
import { apiKeyLayout, apiLayout, eventTypeLayout, groupLayout, subscriptionLayout } from "./catalogue-layouts.js";
import { type Changes, type ChangesDocument, createChanges } from "./changes.js";
import { assertDurableWrites, connect, isStandIn } from "./connection.js";
import type { DataKeyDocument } from "../sealing/data-keys.js";
import { noBackfill, startBackfill } from "../deliveries/delivery-backfill.js";
import { createDeliveryStore, type DeliveryDocument } from "../deliveries/deliveries.js";
import type { ErasureDocument, RecentErasuresDocument } from "../collections/erasure-ledger.js";
import { createErasures } from "../collections/erasures.js";
import { createEventStore, type EventDocument } from "../collections/events.js";
import { createEventTypeVersionStore, type EventTypeVersionDocument } from "../collections/event-type-versions.js";
import { createLocks, type Exclusive, type LockDocument, unguarded } from "./exclusive.js";
import { type Grants, openGrants } from "../grants/grants.js";
import type { GrantSigning } from "../grants/signing.js";
import { createGrantRequestStore, type GrantRequestDocument } from "../collections/grant-requests.js";
import { watchHeartbeats } from "./heartbeats.js";
import { createIdempotencyStore, type IdempotencyDocument } from "../collections/idempotency.js";
import { buildIndexes } from "./index-build.js";
import { createKeyUses, type KeyUseDocument, type ManagedKeyUses } from "../collections/key-uses.js";
import { createKeyring, type Keyring, type ManagedKeyring } from "../sealing/keyring.js";
import { createLimitStore, type LimitDocument } from "../collections/limits.js";
import { localKeyProvider, type KeyProvider } from "../sealing/master-keys.js";
import { createPeopleStore, type PersonDocument } from "../collections/people.js";
import { blindIndex } from "../sealing/pepper.js";
import { loadProofCutOff, type ProofCutOffDocument } from "../sealing/proof-cut-off.js";
import { createRecoveryStore, type RecoveryDocument } from "../collections/recoveries.js";
import { createRoutingStore, type RoutingDocument } from "../collections/routings.js";
import { createSamlConnectionStore } from "../collections/saml-connections.js";
import { createSamlUseStore, type SamlUseDocument } from "../collections/saml-uses.js";
import { createSingleScan, indexedScan, type Scan } from "./scans.js";
import { createSessionStore, type SessionDocument } from "../collections/sessions.js";
import type { CatalogueName, CatalogueVersions } from "../collection.js";
import type { Store } from "../store.js";
import type { StoreLog } from "../store-log.js";

/** The store, and which engine is behind it. */
export interface MongoStore extends Store {
  /** The engine is the embedded stand-in (FerretDB): only lookups by `_id` are indexed there. */
  readonly standIn: boolean;
  /** Last day whose keys may have sealed Temporal payloads without a proof (proof-cut-off.ts); empty: none. */
  readonly temporalLegacyUntil: string;
  /** For the command that signs rows. */
  readonly signing: GrantSigning;
}

export interface ConnectOptions {
  mongodbUrl: string;
  database?: string;
  /** `id:base64,…`; see `localKeyProvider`. */
  masterKeys: string;
  log?: StoreLog;
}

/**
 * Connects and opens the store; `close()` closes the connection.
 * @throws StoreError `settings_invalid`, `unavailable`, or `key_unknown` / `sealed_data_invalid` when the master keys
 * are not those of the database
 */
export async function connectStore({
  mongodbUrl,
  database = "sealpost",
  masterKeys,
  log,
}: ConnectOptions): Promise<MongoStore> {
  const provider = localKeyProvider(masterKeys);
  const client = await connect(mongodbUrl);
  try {
    const waiting = (seconds: number) =>
      log?.info(
        { seconds },
        "MongoDB builds indexes, and the start waits for them; `npm run indexes` builds them beforehand",
      );
    return await createStore({
      client,
      database,
      provider,
      standIn: await isStandIn(client.db(database)),
      buildIndexes: () => buildIndexes({ mongodbUrl, database, waiting }),
      ...(log && { log }),
    });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
}

interface StoreDependencies {
  client: MongoClient;
  database: string;
  provider: KeyProvider;
  standIn: boolean;
  /** Resolves when every index is there. */
  buildIndexes: () => Promise<void>;
  log?: StoreLog;
}

/** Opens the store over a client made with CLIENT_OPTIONS, which `close()` closes. Throws like `connectStore`. */
async function createStore(deps: StoreDependencies): Promise<MongoStore> {
  const { client, provider, standIn, log } = deps;
  assertDurableWrites(client);
  const heartbeats = watchHeartbeats(client, log);
  const db = client.db(deps.database);
  const keyUses = createKeyUses(db.collection<KeyUseDocument>("keyUses"), { standIn });
  const connections = db.collection<CatalogueDocument>("samlConnections");
  const exclusive = standIn ? createLocks(db.collection<LockDocument>("locks")) : unguarded;
  const scan = standIn ? createSingleScan() : indexedScan;
  const onMade = (id: string) => log?.info({ dataKey: id }, "made a data key");
  const keyring = createKeyring({
    dataKeys: db.collection<DataKeyDocument>("dataKeys"),
    provider,
    exclusive,
    scan,
    onMade,
  });
  const changes = createChanges(db.collection<ChangesDocument>("changes"), { exclusive, standIn });
  const catalogue = <T extends object>(name: CatalogueName, layout: Layout<T>, grants?: Grants) => {
    const collection = db.collection<CatalogueDocument>(name);
    return createCatalogueCollection(collection, layout, {
      changed: (id) => changes.written(name, id),
      doubtful: (id, why) => changes.doubtful(name, id, why),
      exclusive,
      scan,
      ...(grants && { rows: grants.rows(collection) }),
    });
  };

  // The first majority write: an engine that cannot make one is found at start, not at the first publish.
  await changes.ping(10_000);
  const { grants, pepper, auditMarked, temporalLegacyUntil } = await openSettings(db, keyring);
  if (!standIn) await deps.buildIndexes();
  const backfill = standIn ? noBackfill() : await startBackfill(db);

  const expungedLately = new Set<string>();
  const erasable = {
    apis: catalogue("apis", apiLayout),
    eventTypes: catalogue("eventTypes", eventTypeLayout),
    groups: catalogue("groups", groupLayout, grants),
    subscriptions: catalogue("subscriptions", subscriptionLayout(keyring)),
    apiKeys: catalogue("apiKeys", apiKeyLayout, grants),
    keyUses,
    eventTypeVersions: createEventTypeVersionStore(
      db.collection<EventTypeVersionDocument>("eventTypeVersions"),
      standIn,
    ),
    grantRequests: createGrantRequestStore(db.collection<GrantRequestDocument>("grantRequests"), { exclusive, scan }),
    events: createEventStore(db.collection<EventDocument>("events"), { keyring, standIn, exclusive, scan }),
    deliveries: createDeliveryStore(db.collection<DeliveryDocument>("deliveries"), {
      keyring,
      standIn,
      expungedLately,
      scan,
      fields: backfill.fields,
    }),
    people: createPeopleStore(db.collection<PersonDocument>("people"), {
      keyring,
      scan,
      blindIndex: (label, value) => blindIndex(pepper, label, value),
    }),
  };
  const erasures = await createErasures({
    ...erasable,
    standIn,
    exclusive,
    collection: db.collection<ErasureDocument>("erasures"),
    recent: db.collection<RecentErasuresDocument>("recentErasures"),
    keyring,
    expungedLately,
    raise: () => changes.erased(),
    raiseLater: () => changes.erasureDoubtful(),
    version: async () => (await changes.read()).erasures,
  });
  const catalogueVersions = async (): Promise<CatalogueVersions> => {
    const [versions] = await Promise.all([changes.read(), grants.authority.refresh()]);
    erasures.notice(versions.erasures);
    return versions;
  };

  return {
    standIn,
    temporalLegacyUntil,
    ...erasable,
    samlConnections: createSamlConnectionStore(connections, {
      exclusive,
      rows: grants.rows(connections),
      keyring,
      scan,
    }),
    samlUses: createSamlUseStore(db.collection<SamlUseDocument>("samlUses"), { standIn }),
    ...limitedStores(db, { keyring, exclusive, standIn, scan }),
    sessions: createSessionStore(db.collection<SessionDocument>("sessions"), { keyring, grants, standIn, scan }),
    audit: auditOf(db, {
      keyring,
      mac: (label, text) => blindIndex(pepper, label, text),
      marked: auditMarked,
      scan,
      standIn,
    }),
    catalogueVersion: async () => (await catalogueVersions()).version,
    catalogueVersions,
    catalogueChanges: (since) => changes.since(since),
    keyring,
    grants,
    signing: { db, grants, exclusive, changed: (name) => changes.written(name) },
    erasures,
    blindIndex: (label, value) => blindIndex(pepper, label, value),
    ping: (timeoutMs) => changes.ping(timeoutMs),
    close: () => closeStore(client, { keyring, keyUses, heartbeats, changes, backfill }),
  };
}

const auditMarks = (db: Db) => db.collection<AuditMarkDocument>("settings");

const auditOf = (
  db: Db,
  {
    keyring,
    mac,
    marked,
    scan,
    standIn,
  }: { keyring: Keyring; mac: Mac; marked: boolean; scan: Scan; standIn: boolean },
): Store["audit"] =>
  createAuditStore({
    entries: db.collection<AuditDocument>("audit"),
    heads: db.collection<AuditHeadDocument>("auditHead"),
    checkpoints: db.collection<IntentCheckpointDocument>("auditHead"),
    mark: createAuditMark({ collection: auditMarks(db), keyring, needed: marked }),
    mac,
    scan,
    standIn,
    exclusive: createLocks(db.collection<LockDocument>("locks")),
  });

const limitedStores = (
  db: Db,
  { keyring, exclusive, standIn, scan }: { keyring: Keyring; exclusive: Exclusive; standIn: boolean; scan: Scan },
): Pick<Store, "recoveries" | "limits" | "routings" | "idempotency"> => ({
  recoveries: createRecoveryStore(db.collection<RecoveryDocument>("recoveries"), { exclusive, scan }),
  routings: createRoutingStore(db.collection<RoutingDocument>("routings"), { standIn }),
  limits: createLimitStore(db.collection<LimitDocument>("limits"), { exclusive, standIn }),
  idempotency: createIdempotencyStore(db.collection<IdempotencyDocument>("idempotencyKeys"), {
    keyring,
    exclusive,
    standIn,
  }),
});

/** What lies sealed in the collection `settings`, made at the first start. */
async function openSettings(db: Db, keyring: Keyring) {
  const grants = await openGrants(db, keyring, () => beginAuditMark(auditMarks(db), keyring));
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
  heartbeats: { stop(): void };
  changes: Changes;
  backfill: { stop(): void };
}

async function closeStore(
  client: MongoClient,
  { keyring, keyUses, heartbeats, changes, backfill }: Closing,
): Promise<void> {
  // Without the last minutes' count of seals the limit is still far away: a store that is down does not hold up the
  // end.
  await keyring.flush().catch(() => undefined);
  await keyUses.flush();
  await changes.close();
  keyUses.stop();
  backfill.stop();
  heartbeats.stop();
  await client.close();
}
