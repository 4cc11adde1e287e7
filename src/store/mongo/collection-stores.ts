/** The stores over their collections, by what they are for. */
import type { Db } from "mongodb";
import { createAuditStore } from "../audit/audit.js";
import type { AuditDocument, AuditHeadDocument, Mac } from "../audit/audit-chain.js";
import type { IntentCheckpointDocument } from "../audit/audit-intents.js";
import { type AuditMarkDocument, createAuditMark } from "../audit/audit-mark.js";
import { createCatalogueCollection, type CatalogueDocument, type Layout } from "./catalogue-collection.js";
import { apiKeyLayout, apiLayout, eventTypeLayout, groupLayout, subscriptionLayout } from "./catalogue-layouts.js";
import type { Changes } from "./changes.js";
import { createDeliveryChanges } from "../deliveries/delivery-changes.js";
import { createDeliveryStore, type DeliveryDocument } from "../deliveries/deliveries.js";
import type { DeliveryFields } from "../deliveries/delivery-queries.js";
import {
  createEndpointChainStore,
  type EndpointChainDocument,
  type EndpointChainStore,
} from "../collections/endpoint-chains.js";
import { createEventStore, type EventDocument } from "../collections/events.js";
import { createEventTypeVersionStore, type EventTypeVersionDocument } from "../collections/event-type-versions.js";
import { createLocks, type Exclusive, type LockDocument } from "./exclusive.js";
import type { Grants } from "../grants/grants.js";
import { createHoldStore, type HoldDocument } from "../collections/holds.js";
import { createGrantRequestStore, type GrantRequestDocument } from "../collections/grant-requests.js";
import { createIdempotencyStore, type IdempotencyDocument } from "../collections/idempotency.js";
import type { Keyring } from "../sealing/keyring.js";
import { createLimitStore, type LimitDocument } from "../collections/limits.js";
import { type ChatLineDocument, type ChatStateDocument, createChatStore } from "../notices/chat.js";
import { createMailStore, type MailLineDocument, type MailStopDocument } from "../notices/mail.js";
import { createMailReaderStore, type MailReaderDocument } from "../notices/mail-readers.js";
import { createNoticeStore, type NoticeDocument, type ToldNoticeDocument } from "../notices/notices.js";
import { createOwnerStore, type OwnersDocument } from "../collections/owners.js";
import { createRecoveryStore, type RecoveryDocument } from "../collections/recoveries.js";
import { createRetentionStore } from "../retention/retention.js";
import { createRoutingStore, type RoutingDocument } from "../collections/routings.js";
import { createRunLeaseStore, type RunLeaseDocument } from "../collections/run-leases.js";
import { createSamlConnectionStore } from "../collections/saml-connections.js";
import { createSamlUseStore, type SamlUseDocument } from "../collections/saml-uses.js";
import type { Scan } from "./scans.js";
import { createSessionStore, type SessionDocument } from "../collections/sessions.js";
import { withUniqueExternalIds } from "../collections/external-ids.js";
import type { RolledDocument } from "../stats/roll-up.js";
import { createStatsStore, type ManagedStats, type StatsDependencies } from "../stats/stats.js";
import type { StatsDocument } from "../stats/stats-documents.js";
import type { CountRecorded } from "../stats/stats-store.js";
import type { CatalogueCollection, CatalogueName } from "../collection.js";
import type { Subscription } from "../model.js";
import type { Store } from "../store.js";

/** What every store may need. */
interface Base {
  keyring: Keyring;
  exclusive: Exclusive;
  scan: Scan;
  ferretDb: boolean;
}

/** The collections that say what is published and to whom. Each write is reported to `changes`. */
export function catalogueStores(
  db: Db,
  { keyring, exclusive, scan, ferretDb, grants, changes }: Base & { grants: Grants; changes: Changes },
) {
  const catalogue = <T extends object>(name: CatalogueName, layout: Layout<T>, signed?: Grants) => {
    const collection = db.collection<CatalogueDocument>(name);
    return createCatalogueCollection(collection, layout, {
      changed: (id) => changes.written(name, id),
      doubtful: (id, why) => changes.doubtful(name, id, why),
      exclusive,
      scan,
      ...(signed && { rows: signed.rows(collection) }),
    });
  };
  const versions = db.collection<EventTypeVersionDocument>("eventTypeVersions");
  /** A row of a group is signed before it is written, so a unique index must not refuse it. The lock decides. */
  const named = <T extends { id: string }>(name: CatalogueName, items: CatalogueCollection<T>) =>
    withUniqueExternalIds(items, {
      collection: db.collection<CatalogueDocument>(name),
      exclusive: createLocks(db.collection<LockDocument>("locks")),
      scan,
      scopeOf: () => ({}),
    });
  const endpointChains = createEndpointChainStore(db.collection<EndpointChainDocument>("endpointChains"), keyring);
  const subscriptions = catalogue("subscriptions", subscriptionLayout(keyring));
  return {
    endpointChains,
    apis: named("apis", catalogue("apis", apiLayout)),
    eventTypes: catalogue("eventTypes", eventTypeLayout),
    groups: named("groups", catalogue("groups", groupLayout, grants)),
    subscriptions: withUniqueExternalIds(withoutChain(subscriptions, endpointChains), {
      collection: db.collection<CatalogueDocument>("subscriptions"),
      exclusive,
      scan,
      scopeOf: ({ groupId }) => ({ groupId }),
    }),
    apiKeys: catalogue("apiKeys", apiKeyLayout, grants),
    eventTypeVersions: createEventTypeVersionStore(versions, ferretDb),
    grantRequests: createGrantRequestStore(db.collection<GrantRequestDocument>("grantRequests"), { exclusive, scan }),
  };
}

/** The same collection. With a subscription goes what its endpoint showed. */
const withoutChain = (
  subscriptions: CatalogueCollection<Subscription>,
  chains: EndpointChainStore,
): CatalogueCollection<Subscription> => ({
  ...subscriptions,
  async delete(id, admit) {
    const deleted = await subscriptions.delete(id, admit);
    if (deleted) await chains.delete(id);
    return deleted;
  },
});

/** The counters of deliveries and attempts. */
export const statsOf = (
  db: Db,
  { exclusive, ferretDb, ...options }: Base & Pick<StatsDependencies, "counts" | "onTrouble">,
): ManagedStats =>
  createStatsStore({
    collection: db.collection<StatsDocument>("stats"),
    rolled: db.collection<RolledDocument>("statsRolled"),
    exclusive,
    ferretDb,
    ...options,
  });

export const eventStores = (
  db: Db,
  {
    expungedLately,
    fields,
    commits,
    count,
    ...base
  }: Base & { expungedLately: Set<string>; fields: DeliveryFields; commits: Db; count: CountRecorded },
) => ({
  events: createEventStore(db.collection<EventDocument>("events"), {
    ...base,
    commits: commits.collection<EventDocument>("events"),
  }),
  deliveries: createDeliveryStore(db.collection<DeliveryDocument>("deliveries"), {
    ...base,
    expungedLately,
    fields,
    count,
  }),
});

/** What decides how long events stay. */
export function keepingStores(
  db: Db,
  { exclusive, scan, ferretDb }: Base,
): Pick<Store, "holds" | "retention" | "routings"> {
  const deliveries = db.collection<DeliveryDocument>("deliveries");
  const holds = createHoldStore(db.collection<HoldDocument>("holds"), { exclusive, scan, ferretDb });
  const routings = createRoutingStore(db.collection<RoutingDocument>("routings"), { ferretDb });
  return {
    holds,
    routings,
    retention: createRetentionStore({
      events: db.collection<EventDocument>("events"),
      deliveries,
      change: createDeliveryChanges(deliveries, { ferretDb }),
      holds,
      routings,
      exclusive,
      ferretDb,
    }),
  };
}

export function loginStores(
  db: Db,
  { keyring, exclusive, scan, ferretDb, grants }: Base & { grants: Grants },
): Pick<Store, "samlConnections" | "samlUses" | "sessions"> {
  const connections = db.collection<CatalogueDocument>("samlConnections");
  const rows = grants.rows(connections);
  return {
    samlConnections: createSamlConnectionStore(connections, { exclusive, rows, keyring, scan }),
    samlUses: createSamlUseStore(db.collection<SamlUseDocument>("samlUses"), { ferretDb }),
    sessions: createSessionStore(db.collection<SessionDocument>("sessions"), { keyring, grants, ferretDb, scan }),
  };
}

export const auditOf = (
  db: Db,
  { keyring, mac, marked, scan, ferretDb }: Base & { mac: Mac; marked: boolean },
): Store["audit"] =>
  createAuditStore({
    entries: db.collection<AuditDocument>("audit"),
    heads: db.collection<AuditHeadDocument>("auditHead"),
    checkpoints: db.collection<IntentCheckpointDocument>("auditHead"),
    mark: createAuditMark({ collection: db.collection<AuditMarkDocument>("settings"), keyring, needed: marked }),
    mac,
    scan,
    ferretDb,
    exclusive: createLocks(db.collection<LockDocument>("locks")),
  });

export const limitedStores = (
  db: Db,
  { keyring, exclusive, ferretDb, scan, commits }: Base & { commits: Db },
): Pick<Store, "recoveries" | "limits" | "idempotency" | "owners" | "runLeases"> => ({
  owners: createOwnerStore(commits, commits.collection<OwnersDocument>("owners")),
  runLeases: createRunLeaseStore(db, db.collection<RunLeaseDocument>("runLeases"), { ferretDb }),
  recoveries: createRecoveryStore(db.collection<RecoveryDocument>("recoveries"), { exclusive, scan }),
  limits: createLimitStore(db.collection<LimitDocument>("limits"), { exclusive, ferretDb }),
  idempotency: createIdempotencyStore(db.collection<IdempotencyDocument>("idempotencyKeys"), {
    keyring,
    exclusive,
    ferretDb,
  }),
});

/** What people and their systems are told. */
export const noticeStores = (
  db: Db,
  { keyring, exclusive, ferretDb }: Base,
): Pick<Store, "notices" | "mail" | "mailReaders" | "chat"> => ({
  notices: createNoticeStore(
    db.collection<NoticeDocument>("notices"),
    db.collection<ToldNoticeDocument>("toldNotices"),
    { exclusive, ferretDb },
  ),
  mail: createMailStore(db.collection<MailLineDocument>("mailLines"), db.collection<MailStopDocument>("mailStops"), {
    exclusive,
    ferretDb,
  }),
  chat: createChatStore(db.collection<ChatLineDocument>("chatLines"), db.collection<ChatStateDocument>("chatStates"), {
    exclusive,
    ferretDb,
  }),
  mailReaders: createMailReaderStore(db.collection<MailReaderDocument>("mailReaders"), keyring),
});
