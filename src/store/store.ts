/** The store as the rest of the program uses it. Every write is acknowledged by a majority and journaled. */
import type { AuditVerification } from "./audit/audit-chain.js";
import type { DeliveryFilter } from "./deliveries/delivery-filter.js";
import type { EndpointChainStore } from "./collections/endpoint-chains.js";
import type { EventStore } from "./collections/event-store.js";
import type { EventTypeVersionStore } from "./collections/event-type-versions.js";
import type { GrantRequestStore } from "./collections/grant-requests.js";
import type { HoldStore, HoldTarget } from "./collections/holds.js";
import type { GrantStore } from "./grants/grants.js";
import type { IdempotencyStore } from "./collections/idempotency.js";
import type { KeyUses } from "./collections/key-uses.js";
import type { Keyring } from "./sealing/keyring.js";
import type { LimitStore } from "./collections/limits.js";
import type { ChatStore } from "./notices/chat.js";
import type { MailStore } from "./notices/mail.js";
import type { MailReaderStore } from "./notices/mail-readers.js";
import type { NoticeStore } from "./notices/notices.js";
import type { OwnerStore } from "./collections/owners.js";
import type { RecoveryStore } from "./collections/recoveries.js";
import type { RunLeaseStore } from "./collections/run-leases.js";
import type { SamlConnection } from "./collections/saml-connections.js";
import type { SamlUseStore } from "./collections/saml-uses.js";
import type { PeopleStore } from "./collections/people.js";
import type { SessionStore } from "./collections/sessions.js";
import type {
  Api,
  Attempt,
  AuditEntry,
  Delivery,
  Erasure,
  ErasureTarget,
  EventType,
  Group,
  StoredApiKey,
  Subscription,
} from "./model.js";
import type { SubscriptionRecordsStore } from "./deliveries/subscription-records.js";
import type { BacklogStore } from "./deliveries/backlog.js";
import type { DeliveryStatus } from "../workflows/contract.js";
import type { StatsStore } from "./stats/stats-store.js";
import type { RetentionStore } from "./retention/retention-store.js";
import type { RoutingStore } from "./collections/routings.js";
import type {
  CatalogueChanges,
  CatalogueCollection,
  CatalogueVersions,
  Counted,
  Page,
  PageRequest,
} from "./collection.js";

export type { DeliveryFilter, StatusRange } from "./deliveries/delivery-filter.js";

/** How many deliveries a filter names. */
export interface DeliverySummary {
  count: number;
  /** False when there are more than were counted. */
  exact: boolean;
  byStatus: Partial<Record<DeliveryStatus, number>>;
  bySubscription: Map<string, number>;
  /** When the first and the last one were created. */
  oldest?: Date;
  newest?: Date;
}

export interface DeliveryStore extends SubscriptionRecordsStore, BacklogStore {
  /**
   * Inserts in any order, and gives the ids that existed before. Details of erased attempts are left out, here and in
   * `record`.
   */
  insertMany(deliveries: Delivery[]): Promise<string[]>;
  get(id: string): Promise<Delivery | undefined>;
  /** Without attempt details, by exact `_id` each. An aborted signal stops the reading, and its reason is thrown. */
  getMany(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, Delivery>>;
  /** Newest first, or oldest first by the page's `order`. The items have no attempt details. */
  list(page: PageRequest, filter: DeliveryFilter): Promise<Page<Delivery>>;
  /**
   * At most so many that were changed at this instant or after it, the oldest change first. With `afterId` those that
   * were changed at the instant itself have greater ids. The items have no attempt details.
   */
  recentChanges(since: { from: Date; afterId?: string; groupIds?: string[] }, most: number): Promise<Delivery[]>;
  /** How many the filter names, of those that `sees` lets through. It stops above `most`. */
  count(filter: DeliveryFilter, most: number, sees?: (delivery: Delivery) => boolean): Promise<Counted>;
  /**
   * Appends the attempt, if there is one, and sets the fields. `null` removes a field. Each change is a
   * compare-and-set. Gives the changes that were refused, because their delivery has gone on or is settled. The caller
   * then takes over the stored state. The attempt is recorded in any case.
   */
  record(changes: DeliveryChange[]): Promise<RefusedChange[]>;
  /** Distinct workflow ids that look after unsettled deliveries of the subscription. */
  openWorkflows(subscriptionId: string): Promise<string[]>;
  /**
   * Removes the attempts' details of all deliveries of the event for good. False when there were none. With `among` it
   * looks only at deliveries to these subscriptions and at those that this process has found before, which costs no
   * scan on FerretDB.
   */
  expungeDetails(eventId: string, among?: readonly string[]): Promise<boolean>;
  /** The same for many events in one read of the collection. Gives the events that had details. */
  expungeDetailsOf(eventIds: ReadonlySet<string>): Promise<Set<string>>;
  /** Counts the deliveries of the filter by status and subscription. It stops above `most`. */
  summary(filter: DeliveryFilter, most: number): Promise<DeliverySummary>;
  /** Ids of the subscriptions of which the filter names deliveries. */
  subscriptionsOf(filter: DeliveryFilter): Promise<string[]>;
  /**
   * Ids of at most so many deliveries of the subscription that wait to be sent: pending, throttled, or retrying and
   * due.
   */
  waiting(subscriptionId: string, most: number): Promise<string[]>;
  /** Creation time of the oldest delivery that is pending, retrying, throttled or held. */
  oldestUndelivered(): Promise<Date | undefined>;
  /**
   * Since when the delivery waits that waits longest for us. A pending one waits since it was recorded, a retrying or
   * throttled one since its next attempt was due. A delivery that is held or not due yet does not wait for us.
   */
  oldestOverdue(now: Date): Promise<Date | undefined>;
}

export interface DeliveryChange {
  id: string;
  /** Needed with an attempt, whose detail is sealed for the group. */
  groupId?: string;
  attempt?: Attempt;
  status: DeliveryStatus;
  attemptCount?: number;
  nextAttemptAt?: Date | null;
  workflowId?: string | null;
  reason?: string | null;
  /**
   * The number of recorded attempts that the writer knows of. With any other number its knowledge is out of date. When
   * absent, it is one less than `attempt.number`.
   */
  attempts?: number;
  /** A person asked for it. Only then may the change leave a settled status or `parked`. */
  asked?: true;
}

/**
 * `missing`: there is no such delivery. `settled`: it keeps its status. `outdated`: another attempt has been recorded.
 */
export interface RefusedChange {
  id: string;
  why: "missing" | "settled" | "outdated";
  /** The delivery without attempt details, as it is instead. */
  stands?: Delivery;
}

/**
 * What is erased again. Everything in the ledger when nothing is given. `since`: what was entered lately. `pending`:
 * only erasures that were never completed, and keys that exist again. `byClock`: everything on MongoDB, and `pending`
 * on FerretDB, where everything would cost a read of all deliveries.
 */
export type Reapplied = { since: Date } | { pending: true } | { byClock: true };

/**
 * The ledger of erasures and the acts in it. An erasure is entered first, so that a crash half-way is finished by
 * `reapply`.
 */
export interface ErasureStore {
  /**
   * Enters the erasure and erases. Of a group it erases the data key, with its subscriptions, and revokes its API keys.
   * Of an api it erases the data key, with its event types. Of an event it erases the content. Repeatable. It takes
   * effect in this process on return, and in others when they next read the catalogue version.
   */
  erase(target: ErasureTarget, by: string): Promise<void>;
  /** The hold that forbids this erasure. `erase` throws StoreError `held` then. */
  holdOn(target: ErasureTarget): Promise<HoldTarget | undefined>;
  has(target: ErasureTarget): Promise<boolean>;
  /**
   * Erases the entered targets again, because a restored backup or a write under way may have brought them back. Gives
   * how many had something left.
   */
  reapply(which?: Reapplied): Promise<number>;
  /** The ledger, oldest first. */
  entries(since?: Date): Promise<Erasure[]>;
  /**
   * Enters the entries that another copy of the ledger has and this one has not, without applying them. Gives how many.
   */
  enter(entries: Erasure[]): Promise<number>;
  /** Called after each erasure that this process learns of, because what the listener holds in memory may be erased. */
  onErasure(listener: () => void): void;
  /** Whether the event was expunged within the last hour, as far as this process knows. Costs nothing. */
  lately(eventId: string): boolean;
}

export interface AuditStore {
  /** The entry is durable and chained on return. Gives its id. Entries of one process are in the order of the calls. */
  append(entry: NewAuditEntry): Promise<string>;
  /** The entries that begin an act and whose outcome is not on record, oldest first. */
  unsettled(): Promise<AuditEntry[]>;
  /** Appends the outcome of `intent`. False when it is recorded already. Only one of several processes does it. */
  settle(entry: NewAuditEntry & { intent: string }): Promise<boolean>;
  /** Newest first. */
  list(page: PageRequest, filter?: AuditFilter): Promise<Page<AuditEntry>>;
  /** All of them, the chain in its order first. */
  all(): AsyncIterable<AuditEntry>;
  /**
   * The next entries of the chain after this number, in order, up to the first that is not there. By exact id, so it
   * costs little on every engine.
   */
  after(seq: number, limit: number): Promise<AuditEntry[]>;
  /** How far the chain has reached at least, by its head and its high-water mark. 0 before the first entry. */
  reached(): Promise<number>;
  /** Checks the whole chain. `expect` is a head that was stored outside. */
  verify(expect?: { seq: number; mac: string }): Promise<AuditVerification>;
}
/** An entry as the caller gives it. The store adds its number, its time and its place in the chain. */
export type NewAuditEntry = Omit<AuditEntry, "id" | "at" | "prev" | "mac">;
export interface AuditFilter {
  actor?: string;
  action?: string;
  /** What the action begins with. */
  actionPrefix?: string;
  /** The id of the entry, of who acted or of what was acted on. */
  q?: string;
  subject?: string;
  since?: Date;
  until?: Date;
}

export interface Store {
  apis: CatalogueCollection<Api>;
  eventTypes: CatalogueCollection<EventType>;
  groups: CatalogueCollection<Group>;
  subscriptions: CatalogueCollection<Subscription>;
  keyUses: KeyUses;
  /** `hash` is the HMAC-SHA-256 of the key's secret under the pepper. */
  apiKeys: CatalogueCollection<StoredApiKey>;
  /** Not held in memory, but read at a log-in. */
  samlConnections: CatalogueCollection<SamlConnection>;
  samlUses: SamlUseStore;
  eventTypeVersions: EventTypeVersionStore;
  grantRequests: GrantRequestStore;
  events: EventStore;
  /** What subscriptions' endpoints showed of certificates. */
  endpointChains: EndpointChainStore;
  /** Which owners of events have been announced, and by whom. */
  owners: OwnerStore;
  runLeases: RunLeaseStore;
  /** What dispatches left out. */
  routings: RoutingStore;
  /** What people and their systems are to be told of. */
  notices: NoticeStore;
  /** Lines of mail that wait, and who gets none. */
  mail: MailStore;
  /** Messages to chat channels that wait, and how each channel does. */
  chat: ChatStore;
  /** People who want notices by mail. */
  mailReaders: MailReaderStore;
  /** What is neither removed nor erased. */
  holds: HoldStore;
  /** What is removed by its age. */
  retention: RetentionStore;
  deliveries: DeliveryStore;
  recoveries: RecoveryStore;
  limits: LimitStore;
  idempotency: IdempotencyStore;
  /** How many deliveries and attempts there were, by time. */
  stats: StatsStore;
  people: PeopleStore;
  sessions: SessionStore;
  audit: AuditStore;
  /**
   * The catalogue version. Each write to a catalogue collection raises it, in any process. Reading it also takes in
   * what other processes erased.
   */
  catalogueVersion(): Promise<number>;
  /** The same with the version of each collection, so that only what changed is read again. */
  catalogueVersions(): Promise<CatalogueVersions>;
  /**
   * The objects that were written since then, deleted ones too. Undefined when they are not known any more, or when an
   * earlier release wrote.
   */
  catalogueChanges(since: CatalogueVersions): Promise<CatalogueChanges | undefined>;
  keyring: Keyring;
  /** What vouches for the rows of API keys, groups, SAML connections and sessions. */
  grants: GrantStore;
  erasures: ErasureStore;
  /** HMAC-SHA-256 under the pepper with a label for each use: API-key hashes and blind indexes. */
  blindIndex(label: string, value: string): Uint8Array;
  /** Throws when a majority write would not be acknowledged now. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
