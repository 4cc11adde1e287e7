/**
 * The contract between providers, the API, the workflows and the workers: names, inputs, signals.
 * Plain data only, so that it can be imported from workflow code and from outside alike.
 */

import type { PackedInput } from "./payload-converter.js";
import type { PublisherProof } from "./proof-of.js";

import type { EarlyListing } from "./early-contract.js";
import type { RetryDeliveryInput, RetryItem } from "./retry/retry-contract.js";

export * from "./early-contract.js";
export * from "./retry/retry-contract.js";
export * from "./token-bucket-contract.js";

/**
 * Task queue that every Sealpost worker polls.
 *
 * @example
 * ```ts
 * await client.workflow.start(WORKFLOW.deliverEvent, { args: [input], taskQueue: TASK_QUEUE, workflowId: "order-1" });
 * ```
 */
export const TASK_QUEUE = "sealpost";

/**
 * Workflow type names, as the Temporal UI shows them.
 *
 * @example
 * ```ts
 * client.workflow.list({ query: `WorkflowType = "${WORKFLOW.retryDelivery}" AND WebhookStatus = "parked"` });
 * ```
 */
export const WORKFLOW = {
  /** First attempts of one event or a batch of them. */
  deliverEvent: "deliverEvent",
  /** A part of a wide fan-out. */
  deliverPage: "deliverPage",
  /** Deliveries of one subscription that need another attempt. */
  retryDelivery: "retryDelivery",
  /** The rate limit of one subscription. */
  tokenBucket: "tokenBucket",
  /** Many deliveries sent again. */
  recovery: "recovery",
  /** Events removed by their age. */
  retention: "retention",
  /** What people and their systems are told of. */
  notices: "notices",
  /** Mail about it. */
  mail: "mail",
  /** Messages to chat channels about it. */
  chat: "chat",
} as const;

/** Search attributes of `retryDelivery`, all of type Keyword. They are not encrypted: ids and states only. */
export const SEARCH_ATTRIBUTE = {
  status: "WebhookStatus",
  subscription: "WebhookSubscription",
  group: "WebhookGroup",
  eventType: "WebhookEventType",
  eventId: "WebhookEventId",
} as const;

/** Most events that one `deliverEvent` of a provider may carry. */
export const MAX_EVENTS_PER_WORKFLOW = 200;

/** Most deliveries of one dispatch. A wider fan-out is cut into pages that run as child workflows. */
export const MAX_DELIVERIES_PER_DISPATCH = 1_000;

/**
 * A run of a workflow that lives for long goes on in a new one after so many days at the latest. As a run may sleep for
 * a day, it can be a day later. The new run's history is sealed under new day keys, so that the old ones can be
 * destroyed (src/workers/watch/day-keys.ts).
 */
export const MAX_RUN_DAYS = 7;

/**
 * How the bytes of an event travel. `stored`: they are in the events collection already (claim check).
 *
 * @example
 * ```ts
 * const body: EventBody = { text: '{"total":"12.50"}' };
 * ```
 */
export type EventBody =
  | {
      /** The bytes are UTF-8. */
      text: string;
    }
  | {
      /** Any other bytes. */
      base64: string;
    }
  | {
      /** Only the API says so. */
      stored: true;
    };

/**
 * An event as it travels inside a workflow. Immutable once accepted.
 *
 * @example
 * ```ts
 * const event: PublishedEvent = publishedEvent({ type: "payments.invoice.paid", data: { total: "12.50" } });
 * ```
 */
export interface PublishedEvent {
  /**
   * `evt_…` or the publisher's own id, as it was given. It is the idempotency key. Escaped (event-id.ts) it is the
   * `webhook-id` of every delivery.
   */
  id: string;
  /** Name of the event type, for instance `payments.invoice.paid`. */
  type: string;
  /** Media type of the body. */
  contentType: string;
  /** The bytes of the event. */
  body: EventBody;
  /** SHA-256 of the body bytes, base64url. It tells a repeated publish from a conflicting one. */
  sha256: string;
  /** When the event was accepted, milliseconds since the epoch. */
  acceptedAt: number;
  /** Only the subscriptions of these groups, when given. */
  groups?: string[];
  /** Only these subscriptions, when given (test events). */
  subscriptionIds?: string[];
  /** Context attributes of a CloudEvent, as values of `ce-*` headers. */
  attributes?: Record<string, string>;
  /** How often the event has come through Sealpost before. Absent means never. */
  hops?: number;
  /** The accepting process made the id itself. Nobody else can own it, so it need not be checked before sending. */
  ownId?: true;
  /** The accepting process has inserted the event record already, owned by this workflow's id. */
  recorded?: true;
  /**
   * The accepting process has tried to insert the event record under another owner. It is not known whether it is
   * there.
   */
  tried?: true;
}

/**
 * Input of the workflow `deliverEvent`.
 *
 * @example
 * ```ts
 * const input: DeliverEventInput = { events: [publishedEvent({ type: "payments.invoice.paid", data: {} })] };
 * ```
 */
export interface DeliverEventInput {
  /** 1 to 200 events. The API takes up to 500, whose payloads do not travel with them. */
  events: PublishedEvent[];
  /**
   * Version of the subscription catalogue that the accepting process had seen. A worker with an older one refreshes
   * first.
   */
  catalogueVersion?: number;
}

/** The same input as the API makes it. From a provider's own start these members are not taken. */
export interface AcceptedEventsInput extends DeliverEventInput {
  /** Attempts that were begun before the workflow was started. */
  early?: EarlyListing;
  /** An earlier start may have delivered some of these events already. */
  rerun?: true;
  /** Owners of these events before this one. No workflow of theirs had the events. */
  former?: string[];
}

/**
 * Id of the `retryDelivery` that a `deliverEvent` or `deliverPage` hands over to, for deliveries of all subscriptions.
 */
export const retryWorkflowId = (owner: string): string => `retries/${owner}`;

/** The same in earlier releases, which started one for each subscription. */
export const formerRetryWorkflowId = (owner: string, subscriptionId: string): string =>
  `retry/${owner}/${subscriptionId}`;

export const SIGNAL = {
  /** retryDelivery: attempt again now. */
  retry: "retry",
  /** retryDelivery: give up. recovery: hand over nothing more. What was handed over goes on. */
  cancel: "cancel",
  /** retryDelivery: the subscription changed (resumed, new rate or URL). Look again at what is held or throttled. */
  wake: "wake",
  /** tokenBucket: the rate changed. */
  configure: "configure",
  /** tokenBucket: nothing before this instant. recovery: hand over nothing more until `resume`. */
  pause: "pause",
  /** recovery: go on. */
  resume: "resume",
} as const;

export const QUERY = { state: "state" } as const;
export const UPDATE = { lease: "lease" } as const;

/** What `dispatch` hands back: deliveries that need time. */
export interface DispatchResult {
  /** In the form of earlier releases: a workflow for each subscription. Only while a worker of one of these polls. */
  retries: RetryDeliveryInput[];
  /** One workflow for all of them. */
  handOver?: RetryDeliveryInput;
  /** Present when the fan-out is wider than one dispatch: route pages for child workflows. */
  pages?: DeliverPageInput[];
}

/** One page of a wide fan-out: these events, only these subscriptions. */
export interface DeliverPageInput {
  /** The `deliverEvent` that owns the event records. */
  owner: string;
  /** Events, all recorded already, and whom they are addressed to. */
  events: Pick<PublishedEvent, "id" | "groups" | "subscriptionIds">[];
  subscriptionIds: string[];
  catalogueVersion: number;
}

/** What one run of the regular activity `attempt` made of each delivery it was given. */
export interface AttemptReport {
  items: RetryItem[];
  /** The worker's clock, by which their times were reckoned. */
  asOf?: number;
}

/** What the workflow hands to `dispatch`. */
export interface DispatchInput extends Omit<AcceptedEventsInput, "rerun"> {
  rerun: boolean;
  /**
   * Present when the input is a publisher's own. It is checked against its key, and what only our own API may say is
   * left out.
   */
  publisher?: PublisherProof;
}

/** The activities as workflows see them. They are implemented in src/activities. */
export interface Activities {
  /**
   * Local activity: route, record, sign, send, classify, record. `rerun` tells that an earlier run may have got
   * somewhere.
   */
  dispatch(input: DispatchInput): Promise<DispatchResult>;
  /** The same for an input that the workflow has not read. */
  dispatchPacked(input: PackedInput, run: { rerun: boolean }): Promise<DispatchResult>;
  /** Local activity: one page of a wide fan-out. */
  dispatchPage(input: DeliverPageInput & { rerun: boolean }): Promise<DispatchResult>;
  /**
   * Regular activity: one attempt for each of these deliveries of one subscription, at the pace that the consumer
   * allows.
   */
  attempt(input: { subscriptionId: string; items: RetryItem[] }): Promise<AttemptReport>;
  /**
   * Regular activity: write a decision of the workflow (cancelled, exhausted, held, parked again) to the delivery
   * records.
   */
  recordStatus(input: { subscriptionId: string; items: RetryItem[]; by?: string }): Promise<void>;
  /** Local activity: a start that does not prove who made it goes on record. `by`: who sealed it, when anybody did. */
  recordRefusal(refusal: { workflowType: string; purpose: string; by?: string }): Promise<void>;
}
