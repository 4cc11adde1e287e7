/**
 * What the HTTP API is built from: `createApi(dependencies)`. Only the router holds all of it. Each handler names the
 * members that it takes (`RequestContext` in route.ts).
 */
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { AuditTally } from "./access/audit-tally.js";
import type { ClientAddress } from "./http/client-address.js";
import type { LoginLimits } from "./login/login-limits.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { PayloadCheck } from "../catalogue/payload-check.js";
import type { PostChat } from "../endpoint/chat/post-chat.js";
import type { EndpointRequest } from "../endpoint/request.js";
import type { Sender } from "../endpoint/send.js";
import type { CheckTarget } from "../endpoint/target/target-check.js";
import type { SchemaCompiler } from "../catalogue/schema-validator.js";
import type { Delivery, Subscription } from "../store/model.js";
import type { ProvingCodec } from "../store/sealing/payload-codec.js";
import type { Recovery } from "../store/collections/recoveries.js";
import type { Readiness } from "./readiness.js";
import type { Store } from "../store/store.js";
import type { DeliveryStreams } from "./deliveries/stream/delivery-streams.js";
import type { Limits } from "./access/limits.js";
import type { PortalFiles } from "./portal/files.js";
import type { ServiceProvider } from "./saml/service-provider.js";
import type { Sessions } from "./login/sessions.js";
import type { TemporalUi } from "./temporal-ui/temporal-ui.js";
import type { ApiSettings } from "./settings.js";

export interface ApiDependencies {
  /** Made by `createApi` from the settings. */
  loginLimits: LoginLimits;
  store: Store;
  catalogue: Catalogue;
  publisher: Publisher;
  operations: Operations;
  clientAddress: ClientAddress;
  /** For acts that come in bunches, such as reading payloads in the Temporal UI. */
  auditTally: AuditTally;
  /** Shared by all processes, on what is done on behalf of a group. */
  limits: Limits;
  /** Seals and opens Temporal payloads for /codec/encode and /codec/decode. */
  codec: ProvingCodec;
  metrics: Registry;
  log: Logger;
  settings: ApiSettings;
  /** Whether a publish would be accepted now, and what does not answer. Never rejects. */
  readiness(): Promise<Readiness>;
  /**
   * Refuses an endpoint URL that must not be called (SSRF), by its text and by what its name resolves to now.
   * Gives the reason, without internal addresses, or undefined.
   */
  refuseTarget(url: string): Promise<string | undefined>;
  /** Looks at an endpoint without sending it anything, past the same guard. */
  checkTarget: CheckTarget;
  /**
   * For requests of the API itself to an address somebody else chose: the same guard, deadlines and caps as a delivery.
   */
  sender: Sender;
  /** Requests to a subscription's endpoint, with the same signatures and authentication as a delivery. */
  endpointRequest: EndpointRequest;
  /** A message into a chat channel, through the same sender. */
  postChat: PostChat;
  sessions: Sessions;
  /** Sends people to their company's identity provider, and decides who comes back. */
  serviceProvider: ServiceProvider;
  /** Who listens to deliveries. */
  deliveryStreams: DeliveryStreams;
  /** The Temporal UI under /temporal/. */
  temporalUi: TemporalUi;
  /** The built pages under /portal/. */
  portal: PortalFiles;
  /** Milliseconds since the epoch, for the limits of sessions; `Date.now` when absent. */
  clock?: () => number;
  /** Payloads against the schemas of their event types; the worker of the same process uses it too. */
  payloadCheck: PayloadCheck;
  /** Compiles the schema of an event type, or says why it cannot. */
  compileSchema: SchemaCompiler;
}

/** What `createApi` is given. */
export type GivenDependencies = Omit<ApiDependencies, "loginLimits">;

/** An event that passed validation and is ready to be made durable. */
export interface AcceptableEvent {
  /** The publisher's own id. Without it one is made. */
  id?: string;
  type: string;
  contentType: string;
  /** Exactly the bytes that will be signed and sent. */
  body: Uint8Array;
  groups?: string[];
  subscriptionIds?: string[];
  /** Context attributes of a CloudEvent, as values of headers. */
  attributes?: Record<string, string>;
  /** How often it has come through Sealpost before. */
  hops?: number;
}

export type PublishResult =
  | { ok: true; id: string; duplicate: boolean }
  /**
   * `event_id_conflict`: same id, other body. `erased`: the id's content was erased. `unavailable`: not accepted, try
   * again later.
   */
  | { ok: false; id?: string; code: "event_id_conflict" | "erased" | "unavailable"; retryAfterSeconds?: number };

export interface Publisher {
  /** Resolves when every event is durable or refused; never rejects for engine or store trouble (within 5 s). */
  publish(events: AcceptableEvent[]): Promise<PublishResult[]>;
}

/** What an operator, provider or consumer sets in motion after the first delivery. */
export interface Operations {
  /**
   * Sends a delivery again, whatever its status, through its open workflow or a new one. False when it is gone, because
   * it was removed by its age.
   */
  resend(delivery: Delivery, by: string): Promise<boolean>;
  /**
   * Records the delivery and sends it for the first time. `owner`: the workflow that dispatched the event. `exists`:
   * there is a record already. `under_way`: the dispatch has not ended and may still make it.
   */
  sendFirst(delivery: Delivery, owner: string, by: string): Promise<"sent" | "exists" | "under_way">;
  /** Cancels a delivery that is not settled; false when it was settled already. */
  cancel(delivery: Delivery, by: string): Promise<boolean>;
  /**
   * Cancels all deliveries of the filter that are not settled. Their workflows are told, and what none looks after is
   * recorded. Gives how many.
   */
  cancelAll(filter: { eventId: string } | { subscriptionId: string }, by: string, reason: string): Promise<number>;
  /** The subscription changed: what is held or throttled looks again now. */
  wake(subscriptionId: string): Promise<void>;
  /** Tells the token bucket, when there is one, about a changed rate. */
  configureBucket(subscription: Subscription): Promise<void>;
  /** The breaker of this endpoint, when it is open, sends its next probe now. */
  tryEndpoint(subscription: Pick<Subscription, "id" | "health">): Promise<void>;
  /** Starts its workflow, once however often it is called. */
  startRecovery(recovery: Recovery): Promise<void>;
  /** Pauses, resumes or cancels the recovery; false when its workflow has ended. */
  tellRecovery(id: string, act: "pause" | "resume" | "cancel", by: string): Promise<boolean>;
}
