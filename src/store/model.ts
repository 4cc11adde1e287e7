/** The stored objects as the rest of the program sees them: secrets are opened, and dates are Dates. */
import type { RateLimit } from "../workflows/contract.js";
import type { ChatChannel } from "./notices/chat-channel.js";
import type { MailLanguage } from "./notices/mail-language.js";
import type { SubscriptionHealth } from "./subscription-health.js";
import type {
  EndpointAuth,
  EndpointTls,
  PendingCertificate,
  Signing,
  SigningKey,
  SigningSecret,
} from "./techniques.js";

export type {
  Attempt,
  AttemptDetail,
  AttemptTimings,
  CertificateFacts,
  Delivery,
  EventRecord,
} from "./delivery-model.js";
export { GRANT_REQUEST_STATUSES, type GrantRequest, type GrantRequestStatus } from "./grant-request.js";
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

/** A product of the provider. It owns event types and the data key of their payloads. */
export interface Api {
  id: string;
  name: string;
  description?: string;
  /** Every consumer finds it by name and description, and can ask for a grant of it. */
  listed?: boolean;
  /** Who approves subscriptions to its event types: a provider, or the service at once. `manual` when absent. */
  approval?: "manual" | "automatic";
  /** Days after which its settled events are removed. `EVENT_RETENTION_DAYS` holds when absent. */
  retentionDays?: number;
  /** The provider's own id for it, unique among the apis. */
  externalId?: string;
  createdAt: Date;
  updatedAt: Date;
}

/** What a publish does with a payload that the schema does not allow: nothing, count and log it, or refuse it. */
export const VALIDATION_MODES = ["off", "warn", "enforce"] as const;
export type ValidationMode = (typeof VALIDATION_MODES)[number];

/** Shown to consumers. Nothing is refused because of it. */
export interface Deprecation {
  at: Date;
  /** From here on nothing is published any more, says the provider. */
  sunsetAt?: Date;
  /** Name of the event type to use instead. */
  replacedBy?: string;
  note?: string;
}

export interface EventType {
  /** For example `payments.invoice.paid`. Unique. */
  name: string;
  apiId: string;
  description?: string;
  /** JSON Schema 2020-12 of the payload. */
  schema?: Record<string, unknown>;
  /** 1 to 10 example payloads. Each satisfies the schema. */
  examples?: unknown[];
  /** The version of the schema: 1, 2 and so on. 1 when absent. Publishes are checked against this one, the newest. */
  version?: number;
  /** Since when it has this version. Since its creation when absent. */
  versionAt?: Date;
  /** Off when absent. */
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

/** A group of consumers. It owns subscriptions and the data key of their secrets and attempts. */
export interface Group {
  id: string;
  name: string;
  /** Ids of apis or names of event types. */
  grants: string[];
  /** Values of the SAML groups attribute that make a person a member. */
  samlGroups: string[];
  /** The provider's own id for it, unique among the groups. */
  externalId?: string;
  /** Of mail to contacts of its subscriptions. English when absent. */
  language?: MailLanguage;
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
  /** Seconds between attempts. The last one repeats up to `maxAttempts`. */
  scheduleSeconds?: number[];
  maxAttempts?: number;
  /** How long one attempt may take for its connection, and anew for its answer, milliseconds. */
  timeoutMs?: number;
}

/** A change of the status of a subscription. */
export interface LifeStep {
  from: SubscriptionStatus;
  to: SubscriptionStatus;
  at: Date;
  /** The same as in the audit. */
  by: string;
  /** In which role it was done. Absent for the service itself, and in records of earlier releases. */
  role?: Role;
  reason?: string;
}

/** Values of settings before and after one change. No member holds a secret. */
export interface SettingChange {
  /** Its entry in the audit names it. */
  id: string;
  values: SettingValue[];
}

export interface SettingValue {
  field: string;
  /** As text, and cut if it is long. Absent where there was none. */
  before?: string;
  after?: string;
  /** It was changed, and its values may be secrets. */
  hidden?: true;
}

/** One consumer endpoint. */
export interface Subscription {
  id: string;
  groupId: string;
  /** What people call it. The host of the URL when absent, see `subscriptionName` (subscription-name.ts). */
  name?: string;
  /** For people. It is sealed at rest, because people write names and numbers into it. */
  description?: string;
  /** Mail addresses of the people who look after the endpoint. Sealed at rest: they are personal data. */
  contacts?: string[];
  /** The group's own marks. Sealed at rest. */
  labels?: Record<string, string>;
  /** The group's own id for it, unique within the group. Stored as it is, because it is searched for. */
  externalId?: string;
  /** Of mail to the contacts, and of messages to the chat channel. That of the group when absent. */
  language?: MailLanguage;
  /** Where notices about it go as well. Sealed at rest: its URL is all that a writer needs. */
  chat?: ChatChannel;
  url: string;
  eventTypes: string[];
  rateLimit?: RateLimit;
  retry?: RetryPolicy;
  /** One, or several of distinct types that write distinct headers. */
  auth?: EndpointAuth | EndpointAuth[];
  /** Headers that the consumer has chosen. They are sealed at rest, because they may hold secrets. */
  headers?: Record<string, string>;
  tls?: EndpointTls;
  pendingCertificate?: PendingCertificate;
  signing?: Signing;
  /** Newest first, and at least one. */
  secrets: SigningSecret[];
  /** Newest first. */
  keys?: SigningKey[];
  /** CEL expression over the event (src/catalogue/filter.ts). Events that do not match are not delivered. */
  filter?: string;
  status: SubscriptionStatus;
  /** Why it is in this status, in plain words. */
  statusReason?: string;
  statusAt?: Date;
  /** The status that was left for `suspended`, or for `paused` until a new endpoint is verified. */
  statusBefore?: SubscriptionStatus;
  /** The latest ones only, newest first. */
  history?: LifeStep[];
  /** What was changed of its settings: the latest changes only, newest first. Sealed at rest, and erased with it. */
  changes?: SettingChange[];
  /** When the endpoint was last verified. */
  verifiedAt?: Date;
  /** A consumer changed the endpoint in service. Nothing is sent until the new one is verified. */
  needsVerification?: true;
  /**
   * All event types that a consumer wants, when it has asked for further ones in service. Until that is decided,
   * `eventTypes` are served.
   */
  requestedEventTypes?: string[];
  /** Everybody who asked for them, as in the audit. */
  requestedBy?: string[];
  /** Nothing is sent before: the consumer answered with Retry-After. It is read by src/store/saved-pauses.ts. */
  throttledUntil?: Date;
  /** When that was saved, by the same clock. Absent: an earlier release has saved it. */
  throttledAt?: Date;
  /** How its endpoint does, when it is not healthy. The service writes it, and `updatedAt` stays as it is. */
  health?: SubscriptionHealth;
  /** Days without a success after which it is disabled. 0: never. DISABLE_AFTER_DAYS holds when absent. */
  disableAfterDays?: number;
  /** Until then every process reports the outcomes of its attempts, because some have failed lately. */
  watchedUntil?: Date;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * An admin may do everything. A provider acts for some apis or all, and a consumer for some groups. An operator keeps
 * deliveries going. An auditor reads. The table in src/api/access/access.ts has the acts of each role.
 */
export const ROLES = ["admin", "provider", "consumer", "operator", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** An API key. Its secret is stored only as an HMAC. */
export interface ApiKey {
  /** The middle part of `sp_<id>_<secret>`. */
  id: string;
  name: string;
  role: Role;
  /** The group a consumer key acts for, when it is one. */
  groupId?: string;
  /** The groups a consumer key acts for, when they are several. `groupsOfKey` reads both. */
  groupIds?: string[];
  /** The apis that a provider key may publish to. All when absent. */
  apiIds?: string[];
  /** The acts (src/api/access/access.ts) that it is limited to, out of those of its role. All of them when absent. */
  scopes?: string[];
  createdAt: Date;
  /** The actor that made it. Absent when it was made before this was recorded. */
  createdBy?: string;
  expiresAt?: Date;
  revokedAt?: Date;
  /** When its secret was changed last. */
  rotatedAt?: Date;
  /** Until then the secret before works too. */
  previousUntil?: Date;
}

/** A key with the HMACs under the pepper that its secrets are compared to. */
export interface StoredApiKey extends ApiKey {
  hash: Uint8Array;
  /** The HMAC of the secret before the last rotation, while that one is still valid. */
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
  /** Id of the entry that began this act. That entry has the action `act.begin`. */
  intent?: string;
  /** MAC of the entry before, and of this entry. Absent on entries from before the chain. */
  prev?: string;
  mac?: string;
}

/** What can be erased for good: a group, an api or a person with its data key, or the content of one event. */
export type ErasureTarget = `group/${string}` | `api/${string}` | `person/${string}` | `event/${string}`;

/** An entry of the ledger of erasures. It has only ids, because erased content must not survive in its record. */
export interface Erasure {
  target: ErasureTarget;
  at: Date;
  /** Who asked, as in the audit. */
  by: string;
}
