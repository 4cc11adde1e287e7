/** What the collections hold, as the rest of the program sees it: secrets opened, dates as Date. */
import type { RateLimit } from "../workflows/contract.js";
import type {
  EndpointAuth,
  EndpointTls,
  PendingCertificate,
  Signing,
  SigningKey,
  SigningSecret,
} from "./techniques.js";

export type { Attempt, AttemptDetail, Delivery, EventRecord } from "./delivery-model.js";
export { SIGNING_SCHEMES } from "./techniques.js";
export type {
  EndpointAuth,
  EndpointTls,
  OAuth2ClientCredentials,
  PendingCertificate,
  Signing,
  SigningKey,
  SigningScheme,
  SigningSecret,
} from "./techniques.js";

/** A product of the provider; owns event types and the data key of their payloads. */
export interface Api {
  id: string;
  name: string;
  description?: string;
  /** Every consumer finds it by name and description, and can ask for a grant of it. */
  listed?: boolean;
  /** Who approves subscriptions to its event types: a provider, or the service at once; absent: `manual`. */
  approval?: "manual" | "automatic";
  createdAt: Date;
  updatedAt: Date;
}

/** What a publish does with a payload that the schema does not allow: nothing, count and log it, refuse it. */
export const VALIDATION_MODES = ["off", "warn", "enforce"] as const;
export type ValidationMode = (typeof VALIDATION_MODES)[number];

/** Told to consumers; nothing is refused because of it. */
export interface Deprecation {
  at: Date;
  /** From here on nothing is published any more, says the provider. */
  sunsetAt?: Date;
  /** Name of the event type to use instead. */
  replacedBy?: string;
  note?: string;
}

export interface EventType {
  /** `payments.invoice.paid`; unique. */
  name: string;
  apiId: string;
  description?: string;
  /** JSON Schema 2020-12 of the payload. */
  schema?: Record<string, unknown>;
  /** Payloads as they come, 1 to 10; each satisfies the schema. */
  examples?: unknown[];
  /** Of the schema: 1, 2, …; absent: 1. Publishes are checked against this one, the newest. */
  version?: number;
  /** Since when it has this version; absent: since its creation. */
  versionAt?: Date;
  /** Absent: off. */
  validation?: ValidationMode;
  deprecation?: Deprecation;
  createdAt: Date;
  updatedAt: Date;
}

/** An earlier version of an event type. */
export interface EventTypeVersion {
  name: string;
  version: number;
  schema?: Record<string, unknown>;
  examples?: unknown[];
  /** When it became the newest, and when it no longer was. */
  createdAt: Date;
  supersededAt: Date;
}

export const GRANT_REQUEST_STATUSES = ["open", "approved", "refused", "withdrawn"] as const;
export type GrantRequestStatus = (typeof GRANT_REQUEST_STATUSES)[number];

/** A consumer's request for a grant, and the answer to it. */
export interface GrantRequest {
  id: string;
  groupId: string;
  /** Id of an api or name of an event type. */
  grant: string;
  /** The api that the grant is of; whose provider decides. */
  apiId: string;
  /** Why it is asked for. */
  reason?: string;
  status: GrantRequestStatus;
  requestedBy: string;
  createdAt: Date;
  /** Who answered or withdrew it, when and why. */
  decidedBy?: string;
  decidedAt?: Date;
  decisionReason?: string;
  /** An approved grant has been added to the group. */
  granted?: true;
}

/** A group of consumers; owns subscriptions and the data key of their secrets and attempts. */
export interface Group {
  id: string;
  name: string;
  /** Ids of apis or names of event types. */
  grants: string[];
  /** Values of the SAML groups attribute that make a person a member. */
  samlGroups: string[];
  createdAt: Date;
  updatedAt: Date;
}

/** What each means, and what leads from one to the other, is the table in subscription-life.ts. */
export const SUBSCRIPTION_STATUSES = [
  "draft",
  "verified",
  "submitted",
  "approved",
  "rejected",
  "active",
  "paused",
  "suspended",
  "disabled",
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export interface RetryPolicy {
  /** Seconds between attempts; the last one repeats up to `maxAttempts`. */
  scheduleSeconds?: number[];
  maxAttempts?: number;
  /** How long one attempt may take for its connection, and anew for its answer, milliseconds. */
  timeoutMs?: number;
}

/** One consumer endpoint. */
export interface Subscription {
  id: string;
  groupId: string;
  name?: string;
  url: string;
  eventTypes: string[];
  rateLimit?: RateLimit;
  retry?: RetryPolicy;
  /** One, or several of distinct types that write distinct headers. */
  auth?: EndpointAuth | EndpointAuth[];
  /** Headers of the consumer's own choice. Sealed at rest: they may hold secrets. */
  headers?: Record<string, string>;
  tls?: EndpointTls;
  pendingCertificate?: PendingCertificate;
  signing?: Signing;
  /** Newest first; at least one. */
  secrets: SigningSecret[];
  /** Newest first. */
  keys?: SigningKey[];
  /** CEL expression over the event (src/catalogue/filter.ts); what does not match is not delivered. */
  filter?: string;
  status: SubscriptionStatus;
  /** Why it is in this status, in plain words. */
  statusReason?: string;
  statusAt?: Date;
  /** The status that was left for `suspended`, or for `paused` until a new endpoint is verified. */
  statusBefore?: SubscriptionStatus;
  /** Newest first; the last ones only. `by` as in the audit. */
  history?: { from: SubscriptionStatus; to: SubscriptionStatus; at: Date; by: string; reason?: string }[];
  /** When the endpoint was last verified. */
  verifiedAt?: Date;
  /** A consumer changed the endpoint in service: nothing is sent until the new one is verified. */
  needsVerification?: true;
  /**
   * All the event types that a consumer wants since it asked for further ones in service; `eventTypes` are served until
   * that is decided.
   */
  requestedEventTypes?: string[];
  /** Nothing is sent before this instant: the consumer answered with Retry-After. */
  throttledUntil?: Date;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * admin: everything. provider: of some apis or all. consumer: of some groups. operator: keeps deliveries going.
 * auditor: reads. What each may do is the table in src/api/access/access.ts.
 */
export const ROLES = ["admin", "provider", "consumer", "operator", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** An API key; the secret itself is stored only as an HMAC. */
export interface ApiKey {
  /** The middle part of `sp_<id>_<secret>`. */
  id: string;
  name: string;
  role: Role;
  /** The group a consumer key acts for. */
  groupId?: string;
  /** The apis a provider key may publish to; absent: all. */
  apiIds?: string[];
  /** The acts (src/api/access/access.ts) it is limited to, out of those of its role; absent: all of them. */
  scopes?: string[];
  createdAt: Date;
  /** The actor that made it; absent: made before this was kept. */
  createdBy?: string;
  expiresAt?: Date;
  revokedAt?: Date;
  /** When its secret was changed last. */
  rotatedAt?: Date;
  /** Until then the secret before works too. */
  previousUntil?: Date;
}

/** A key with what its secrets are compared to: HMACs under the pepper. */
export interface StoredApiKey extends ApiKey {
  hash: Uint8Array;
  /** Of the secret before the last rotation, while that one overlaps. */
  previousHash?: Uint8Array;
}

/** One administrative act. */
export interface AuditEntry {
  id: string;
  at: Date;
  /** `key:<id>`, `environment`, `service`, a person later. */
  actor: string;
  action: string;
  subject: string;
  detail?: Record<string, unknown>;
  /** Id of the entry by which this act was begun; that one's action is `act.begin`. */
  intent?: string;
  /** MAC of the entry before, and of this one; absent on entries from before the chain. */
  prev?: string;
  mac?: string;
}

/** What can be erased for good: a group, an api or a person with its data key, or the content of one event. */
export type ErasureTarget = `group/${string}` | `api/${string}` | `person/${string}` | `event/${string}`;

/** An entry of the ledger of erasures. Ids only: what was erased must not live on in its record. */
export interface Erasure {
  target: ErasureTarget;
  at: Date;
  /** Who asked, as in the audit. */
  by: string;
}
