/** The store as the rest of the program uses it. Every write is acknowledged by a majority and journaled. */
import type { AuditVerification } from "./audit/audit-chain.js";
import type { GrantStore } from "./grants/grants.js";
import type { IdempotencyStore } from "./collections/idempotency.js";
import type { KeyUses } from "./collections/key-uses.js";
import type { Keyring } from "./sealing/keyring.js";
import type { LimitStore } from "./collections/limits.js";
import type { RecoveryStore } from "./collections/recoveries.js";
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
  EventRecord,
  EventType,
  EventTypeVersion,
  GrantRequest,
  GrantRequestStatus,
  Group,
  StoredApiKey,
  Subscription,
} from "./model.js";
import type { DeliveryStatus } from "../workflows/contract.js";
import type { RoutingStore } from "./collections/routings.js";
import type { CatalogueChanges, CatalogueCollection, CatalogueVersions, Page, PageRequest } from "./collection.js";

/** Earlier versions of event types; the newest is in the event type itself. */
export interface EventTypeVersionStore {
  /** Writes or overwrites it. */
  put(version: EventTypeVersion): Promise<void>;
  get(name: string, version: number): Promise<EventTypeVersion | undefined>;
  /** Those of these numbers that are there, in this order. */
  getMany(name: string, versions: number[]): Promise<EventTypeVersion[]>;
  delete(name: string, versions: number[]): Promise<void>;
}

export interface GrantRequestStore {
  /** Inserts it; when an open one for the same group and grant is there, gives that instead and inserts nothing. */
  open(request: GrantRequest): Promise<{ request: GrantRequest; existed: boolean }>;
  get(id: string): Promise<GrantRequest | undefined>;
  /** Newest first. */
  list(
    page: PageRequest,
    filter: { groupIds?: readonly string[]; apiIds?: readonly string[]; status?: GrantRequestStatus },
  ): Promise<Page<GrantRequest>>;
  /** Atomically from open to another status; undefined when it was not open. */
  settle(
    id: string,
    change: Pick<GrantRequest, "status" | "decidedBy" | "decidedAt" | "decisionReason">,
  ): Promise<GrantRequest | undefined>;
  /** Removes all requests of a group, with what they say; gives how many. */
  deleteOf(groupId: string): Promise<number>;
  /** Notes that an approved grant has been added to the group. */
  markGranted(id: string): Promise<void>;
}

export interface EventStore {
  /**
   * Unordered insert of records with their sealed payloads (scope `api/<apiId>`, or `group/<id>` when addressed to
   * exactly one group). Gives the ids that existed before (inserted by whomever); everything else is durable on return.
   * Events whose data key is destroyed get a bare record and count as there before.
   */
  insertMany(records: { record: EventRecord; payload: Uint8Array }[]): Promise<string[]>;
  get(id: string): Promise<EventRecord | undefined>;
  /** By exact `_id` each: `$in` is a scan on FerretDB. */
  getMany(ids: string[]): Promise<Map<string, EventRecord>>;
  payload(id: string): Promise<Uint8Array | undefined>;
  payloads(ids: string[]): Promise<Map<string, { record: EventRecord; payload: Uint8Array }>>;
  list(
    page: PageRequest,
    filter: { type?: string; apiIds?: string[]; since?: Date; until?: Date },
  ): Promise<Page<EventRecord>>;
  /** Removes payload and hash, for good; the bare record stays. False when there was nothing to remove. */
  expunge(id: string, at: Date): Promise<boolean>;
  /** Those of these events whose content is erased: expunged, or with its data key. */
  erasedOf(ids: string[]): Promise<Set<string>>;
  /** Atomically changes the owner from `from` to `to`; false when it was not `from`. */
  takeOver(id: string, from: string, to: string): Promise<boolean>;
}

export interface DeliveryFilter {
  groupIds?: string[];
  /**
   * Of these apis. `apiEventTypes` are their event types, which stand for them while deliveries of earlier releases do
   * not name their api.
   */
  apiIds?: string[];
  apiEventTypes?: string[];
  status?: DeliveryStatus[];
  subscriptionId?: string;
  eventType?: string;
  eventId?: string;
  since?: Date;
  until?: Date;
}

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

export interface DeliveryStore {
  /**
   * Unordered insert; gives the ids that existed before. Details of attempts that may not be kept any more (erased) are
   * left out, here and in `record`.
   */
  insertMany(deliveries: Delivery[]): Promise<string[]>;
  get(id: string): Promise<Delivery | undefined>;
  /** Without attempt details, by exact `_id` each. */
  getMany(ids: string[]): Promise<Map<string, Delivery>>;
  /** Newest first; items come without attempt details. */
  list(page: PageRequest, filter: DeliveryFilter): Promise<Page<Delivery>>;
  /**
   * Appends the attempt, when given, and sets the fields; `null` removes a field. Each change is a compare-and-set.
   * Gives those that were not made, because their delivery has gone on or is settled: the writer takes over how it
   * stands. An attempt is told all the same.
   */
  record(changes: DeliveryChange[]): Promise<RefusedChange[]>;
  /** Distinct workflow ids that look after unsettled deliveries of the subscription. */
  openWorkflows(subscriptionId: string): Promise<string[]>;
  /**
   * Removes the attempts' details of all deliveries of the event, for good; false when there were none. `among`: only
   * of those to these subscriptions and those that this process has found before, which costs no scan on FerretDB.
   */
  expungeDetails(eventId: string, among?: readonly string[]): Promise<boolean>;
  /** The same for many events in one read of the collection; gives those that had some. */
  expungeDetailsOf(eventIds: ReadonlySet<string>): Promise<Set<string>>;
  /** Counts what the filter names by status and subscription; stops above `most`. */
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
   * Attempts on record that the writer knows of: with any other number it is out of date. Absent: one less than
   * `attempt.number`.
   */
  attempts?: number;
  /** Somebody asked for it. Only then does it lead out of a settled status or `parked`. */
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
 * What is erased again. Nothing given: everything in the ledger. `since`: what was entered lately. `pending`: only what
 * was never done to the end, and keys that are there again. `byClock`: everything on MongoDB, `pending` on
 * FerretDB, where it costs a read of all deliveries.
 */
export type Reapplied = { since: Date } | { pending: true } | { byClock: true };

/**
 * The ledger of erasures and the acts in it. An erasure is entered first, so that a crash half-way is finished by
 * `reapply`.
 */
export interface ErasureStore {
  /**
   * Enters it and erases: the data key of a group (with its subscriptions, its API keys revoked) or of an api (with its
   * event types), or the content of an event. Repeatable. Holds in this process on return, in others once they read the
   * catalogue version next.
   */
  erase(target: ErasureTarget, by: string): Promise<void>;
  has(target: ErasureTarget): Promise<boolean>;
  /**
   * Erases again what is entered: a restored backup or a write under way may have brought it back. Gives how many had
   * something left.
   */
  reapply(which?: Reapplied): Promise<number>;
  /** The ledger, oldest first. */
  entries(since?: Date): Promise<Erasure[]>;
  /** Enters what another copy of the ledger has beyond this one, without applying it; gives how many those were. */
  enter(entries: Erasure[]): Promise<number>;
  /** Calls back after each erasure that this process learns of: what it keeps in memory may be erased. */
  onErasure(listener: () => void): void;
  /** Whether the event was expunged within the last hour, as far as this process knows. Costs nothing. */
  lately(eventId: string): boolean;
}

export interface AuditStore {
  /** Durable and chained on return; gives the entry's id. Entries of one process are in the order of the calls. */
  append(entry: NewAuditEntry): Promise<string>;
  /** The entries that begin an act and whose outcome is not on record, oldest first. */
  unsettled(): Promise<AuditEntry[]>;
  /** Appends the outcome of `intent`, unless it is on record already: false then. Of several processes one does it. */
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
  /** How far the chain reached at least, by its head and its high-water mark; 0 before the first entry. */
  reached(): Promise<number>;
  /** Checks the whole chain; `expect` is a head that was noted elsewhere. */
  verify(expect?: { seq: number; mac: string }): Promise<AuditVerification>;
}
/** An entry as it is given: the store adds its number, its time and its place in the chain. */
export type NewAuditEntry = Omit<AuditEntry, "id" | "at" | "prev" | "mac">;
export interface AuditFilter {
  actor?: string;
  action?: string;
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
  /** `hash`: HMAC-SHA-256 of the key's secret under the pepper. */
  apiKeys: CatalogueCollection<StoredApiKey>;
  /** Not held in memory: read at a log-in. */
  samlConnections: CatalogueCollection<SamlConnection>;
  samlUses: SamlUseStore;
  eventTypeVersions: EventTypeVersionStore;
  grantRequests: GrantRequestStore;
  events: EventStore;
  /** What dispatches left out. */
  routings: RoutingStore;
  deliveries: DeliveryStore;
  recoveries: RecoveryStore;
  limits: LimitStore;
  idempotency: IdempotencyStore;
  people: PeopleStore;
  sessions: SessionStore;
  audit: AuditStore;
  /**
   * The catalogue version: raised by every write to a catalogue collection, by any process. Reading it also takes in
   * what other processes erased.
   */
  catalogueVersion(): Promise<number>;
  /** The same with the version of each collection, so that only what changed is read again. */
  catalogueVersions(): Promise<CatalogueVersions>;
  /**
   * Which objects were written since, deleted ones too; undefined when that is not known any more, or an earlier
   * release wrote.
   */
  catalogueChanges(since: CatalogueVersions): Promise<CatalogueChanges | undefined>;
  keyring: Keyring;
  /** What vouches for the rows of API keys, groups, SAML connections and sessions. */
  grants: GrantStore;
  erasures: ErasureStore;
  /** HMAC-SHA-256 under the pepper with a label per use: API-key hashes and blind indexes. */
  blindIndex(label: string, value: string): Uint8Array;
  /** Throws when a majority write would not be acknowledged now. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
