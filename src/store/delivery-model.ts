/** The stored parts of an event, of its deliveries and of their attempts. */
import type { DeliveryStatus } from "../workflows/contract.js";

/** The record of an event. It never changes. */
export interface EventRecord {
  id: string;
  type: string;
  apiId: string;
  contentType: string;
  /** Empty once the content is erased. */
  sha256: string;
  size: number;
  acceptedAt: Date;
  /** When the content was erased. From then on the record is bare, and nothing of the event is sent any more. */
  expungedAt?: Date;
  /** Id of the workflow that delivers it. It decides when two workflows claim the same event id. */
  owner: string;
  /**
   * The owner was announced before the record was written, or wrote it itself. So somebody starts it, and nobody needs
   * to ask the engine. Absent in records of earlier releases.
   */
  protocol?: 2;
  groups?: string[];
  /** Only these subscriptions get it: a test event, or one of the service's own. */
  subscriptionIds?: string[];
  /** Context attributes of a CloudEvent, as values of headers. They are erased with the content. */
  attributes?: Record<string, string>;
  hops?: number;
}

/** One HTTP attempt. Its `detail` is sealed at rest. */
export interface Attempt {
  /** 1, 2, … within the delivery. */
  number: number;
  at: Date;
  /** Code from the outcome table in src/endpoint/outcomes.ts. */
  outcome: string;
  /** HTTP status, when there was an answer. */
  status?: number;
  durationMs: number;
  detail?: AttemptDetail;
}

/** What the consumer and the operator inspect. Secrets in request headers are masked before they get here. */
export interface AttemptDetail {
  url: string;
  requestHeaders: Record<string, string>;
  responseHeaders?: Record<string, string>;
  /** First 16 KiB, base64 when it is not UTF-8 text. */
  responseBody?: string;
  responseBodyEncoding?: "utf8" | "base64";
  truncated?: boolean;
  /** What to do about it, in plain words. */
  hint?: string;
  timings?: AttemptTimings;
  /** What the endpoint showed in a TLS handshake that failed, in its own order: its certificate first. */
  certificates?: CertificateFacts[];
}

/**
 * Milliseconds. `dns`, `connect` (TCP) and `tls` (the handshake) are there only if the request opened its connection.
 * `waited` was before the others, for one of our own connections to this endpoint. Attempts of earlier releases have no
 * `tls`, and their `connect` covers both.
 */
export interface AttemptTimings {
  waited?: number;
  dns?: number;
  connect?: number;
  tls?: number;
  firstByte?: number;
  total?: number;
}

/**
 * An X.509 certificate read out. Text that another party chose is bounded, on one line and without control characters.
 */
export interface CertificateFacts {
  subject: string;
  issuer: string;
  /** Hexadecimal. */
  serial: string;
  /** DNS names, addresses and URIs of the subject (RFC 5280, 4.2.1.6), the first ones. */
  names: string[];
  /** How many more names it has. */
  moreNames?: number;
  /** ISO 8601. */
  notBefore: string;
  notAfter: string;
  /** SHA-256 of its DER, in hexadecimal without colons. */
  sha256: string;
}

/** One event for one subscription. */
export interface Delivery {
  /** `<event id, escaped>.<subscription id>`, see src/workflows/event-id.ts. */
  id: string;
  /** As the producer gave it. */
  eventId: string;
  subscriptionId: string;
  groupId: string;
  /**
   * The api that owns the event type. Absent for the service's own types, and for deliveries of earlier releases until
   * it is filled in.
   */
  apiId?: string;
  eventType: string;
  status: DeliveryStatus;
  createdAt: Date;
  updatedAt: Date;
  attemptCount: number;
  nextAttemptAt?: Date;
  /** The workflow that delivers it, while it is not settled. */
  workflowId?: string;
  /** Why it is parked, held, exhausted or cancelled. */
  reason?: string;
  attempts: Attempt[];
}
