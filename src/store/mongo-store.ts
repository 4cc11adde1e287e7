/** The store over MongoDB: puts the collections together. */
import type { Collection, Db, MongoClient, UpdateFilter } from "mongodb";
import type { Logger } from "pino";
import { createAuditStore, type AuditDocument } from "./audit.js";
import { createCatalogueCollection, type CatalogueDocument, type Layout } from "./catalogue-collection.js";
import { apiKeyLayout, apiLayout, eventTypeLayout, groupLayout, subscriptionLayout } from "./catalogue-layouts.js";
import { assertDurableWrites, connect, isStandIn } from "./connection.js";
import type { DataKeyDocument } from "./data-keys.js";
import { createDeliveryStore, type DeliveryDocument } from "./deliveries.js";
import { guarded, isDuplicate } from "./driver-errors.js";
import { createErasures, type ErasureDocument } from "./erasures.js";
import { createEventStore, type EventDocument } from "./events.js";
import { createLocks, type LockDocument, unguarded } from "./exclusive.js";
import { watchHeartbeats } from "./heartbeats.js";
import { createIndexes } from "./indexes.js";
import { createKeyring } from "./keyring.js";
import { localKeyProvider, type KeyProvider } from "./master-keys.js";
import { createPeopleStore, type PersonDocument } from "./people.js";
import { blindIndex, loadPepper, type PepperDocument } from "./pepper.js";
import { createRecoveryStore, type RecoveryDocument } from "./recoveries.js";
import { createSamlConnectionStore } from "./saml-connections.js";
import { createSamlUseStore, type SamlUseDocument } from "./saml-uses.js";
import { createSessionStore, type SessionDocument } from "./sessions.js";
import type { Store } from "./store.js";

/** The store, and which engine is behind it. */
export interface MongoStore extends Store {
  /** The engine is the embedded stand-in (FerretDB): only lookups by `_id` are indexed there. */
  readonly standIn: boolean;
}

/** What is raised by every write to the catalogue, and what `ping` writes. */
interface ChangesDocument {
  _id: "catalogue" | "ping";
  version?: number;
  /** Raised by every erasure; read together with the catalogue version. */
  erasures?: number;
  at?: Date;
}

export interface ConnectOptions {
  mongodbUrl: string;
  database?: string;
  /** `id:base64,…`; see `localKeyProvider`. */
  masterKeys: string;
  log?: StoreLog;
}

/** The part of the structured log that the store writes to; ids only, never values. */
export type StoreLog = Pick<Logger, "info" | "warn">;

/**
 * Connects and opens the store; `close()` closes the connection.
 * @throws StoreError `settings_invalid`, `unavailable`, or `key_unknown` / `sealed_data_invalid` when the master keys are not those of the database
 */
export async function connectStore({ mongodbUrl, database = "sealpost", masterKeys, log }: ConnectOptions): Promise<MongoStore> {
  const provider = localKeyProvider(masterKeys);
  const client = await connect(mongodbUrl);
  try {
    return await createStore({ client, database, provider, standIn: await isStandIn(client.db(database)), ...(log && { log }) });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
}

/** Opens the store over a client made with CLIENT_OPTIONS, which `close()` closes. Throws like `connectStore`. */
export async function createStore(deps: { client: MongoClient; database: string; provider: KeyProvider; standIn: boolean; log?: StoreLog }): Promise<MongoStore> {
  const { client, provider, standIn, log } = deps;
  assertDurableWrites(client);
  const heartbeats = watchHeartbeats(client, log);
  const db = client.db(deps.database);
  const changes = db.collection<ChangesDocument>("changes");
  const events = db.collection<EventDocument>("events");
  const deliveries = db.collection<DeliveryDocument>("deliveries");
  const sessions = db.collection<SessionDocument>("sessions");
  const people = db.collection<PersonDocument>("people");
  const exclusive = standIn ? createLocks(db.collection<LockDocument>("locks")) : unguarded;
  const keyring = createKeyring({
    dataKeys: db.collection<DataKeyDocument>("dataKeys"), provider, exclusive, onMade: (id) => log?.info({ dataKey: id }, "made a data key"),
  });

  const changed = () => exclusive("changes/catalogue", () => upsert(changes, "catalogue", { $inc: { version: 1 } }));
  const catalogue = <T extends object>(name: string, layout: Layout<T>) =>
    createCatalogueCollection(db.collection<CatalogueDocument>(name), layout, { changed, exclusive });
  const ping = (timeoutMs: number) => upsert(changes, "ping", { $set: { at: new Date() } }, timeoutMs);

  // The first majority write: an engine that cannot make one is found at start, not at the first publish.
  await ping(10_000);
  const pepper = await loadPepper(db.collection<PepperDocument>("settings"), keyring);
  if (!standIn) await createIndexes({ events, deliveries, subscriptions: collectionOf(db, "subscriptions"), audit: collectionOf(db, "audit"), samlUses: collectionOf(db, "samlUses"), sessions, people, erasures: collectionOf(db, "erasures") });

  const expungedLately = new Set<string>();
  const erasable = {
    apis: catalogue("apis", apiLayout),
    eventTypes: catalogue("eventTypes", eventTypeLayout),
    groups: catalogue("groups", groupLayout),
    subscriptions: catalogue("subscriptions", subscriptionLayout(keyring)),
    apiKeys: catalogue("apiKeys", apiKeyLayout),
    events: createEventStore(events, { keyring, standIn, exclusive }),
    deliveries: createDeliveryStore(deliveries, { keyring, standIn, expungedLately }),
    people: createPeopleStore(people, { keyring, blindIndex: (label, value) => blindIndex(pepper, label, value) }),
  };
  const raise = () => exclusive("changes/catalogue", () => upsert(changes, "catalogue", { $inc: { erasures: 1 } }));
  const erasures = await createErasures({ ...erasable, collection: db.collection<ErasureDocument>("erasures"), keyring, expungedLately, raise });

  return {
    standIn,
    ...erasable,
    samlConnections: createSamlConnectionStore(db.collection<CatalogueDocument>("samlConnections"), exclusive),
    samlUses: createSamlUseStore(db.collection<SamlUseDocument>("samlUses")),
    recoveries: createRecoveryStore(db.collection<RecoveryDocument>("recoveries")),
    sessions: createSessionStore(sessions, keyring),
    audit: createAuditStore(db.collection<AuditDocument>("audit")),
    async catalogueVersion() {
      const document = await guarded(() => changes.findOne({ _id: "catalogue" }));
      erasures.notice(document?.erasures ?? 0);
      return document?.version ?? 0;
    },
    keyring,
    erasures,
    blindIndex: (label, value) => blindIndex(pepper, label, value),
    ping,
    async close() {
      // Without the last minutes' count of seals the limit is still far away: a store that is down does not hold up the end.
      await keyring.flush().catch(() => undefined);
      heartbeats.stop();
      await client.close();
    },
  };
}

/** Of two concurrent upserts of a new document one may fail as a duplicate; the second time it is an update. */
async function upsert(changes: Collection<ChangesDocument>, _id: ChangesDocument["_id"], update: UpdateFilter<ChangesDocument>, timeoutMs?: number): Promise<void> {
  const write = () => guarded(() => changes.updateOne({ _id }, update, { upsert: true }), timeoutMs);
  await write().catch((error: unknown) => {
    if (!isDuplicate(error)) throw error;
    return write();
  });
}

const collectionOf = (db: Db, name: string): Collection => db.collection(name);
