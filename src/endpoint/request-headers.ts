/**
 * The headers that one request to an endpoint carries, and what of them may be recorded. They are signatures,
 * authentication and custom headers.
 */
import type { Subscription } from "../store/model.js";
import { escapeEventId } from "../workflows/event-id.js";
import { authHeaders } from "./auth.js";
import type { ExchangeWatch } from "./exchange.js";
import { MASK } from "./secrets/secret-mask.js";
import { signatureHeaders } from "./signing/signature-headers.js";

/** A message for one endpoint: an event, or the challenge that verifies the endpoint. */
export interface EndpointMessage {
  /** Goes out as `webhook-id`, escaped. */
  id: string;
  type: string;
  contentType: string;
  bytes: Uint8Array;
  /** Context attributes of a CloudEvent, as values of headers. */
  attributes?: Readonly<Record<string, string>>;
  /** How often the event has come through Sealpost before. */
  hops?: number;
}

/** Says how often an event has come through Sealpost, this delivery included. */
export const HOPS_HEADER = "sealpost-hops";

export interface RequestOrder {
  event: EndpointMessage;
  subscription: Subscription;
  /** 1, 2, … within the delivery. */
  number: number;
  /** Default POST. */
  method?: "POST" | "GET" | "OPTIONS";
  /** Of this kind of request, for instance `webhook-request-origin` of a verification. */
  extra?: Readonly<Record<string, string>>;
  /** Ends the request early (`interrupted`). */
  signal?: AbortSignal;
  /** Told when the request leaves and when its answer begins. */
  watch?: ExchangeWatch;
}

export interface RequestHeaders {
  /** As they are sent. */
  sent: Record<string, string>;
  /** As they may be recorded and shown: secret values masked. */
  recorded: Record<string, string>;
}

/**
 * Gives the headers of one request at `at`. Synchronous, because it lies on the hot path: an OAuth2 access token is the
 * caller's to get (`request.ts`). Where two would write the same header, authentication wins over custom headers, and
 * what belongs to the delivery over both.
 */
export function createRequestHeaders({
  version,
}: {
  version: string;
}): (order: RequestOrder, at: Date, accessToken?: string) => RequestHeaders {
  const userAgent = `Sealpost/${version}`;
  return ({ event, subscription, number, method = "POST", extra }, at, accessToken) => {
    const headers: Record<string, string> = {
      "content-type": event.contentType,
      "webhook-event-type": event.type,
      "webhook-attempt": String(number),
      "user-agent": userAgent,
      [HOPS_HEADER]: String((event.hops ?? 0) + 1),
      ...cloudEventHeaders(event),
      ...extra,
    };
    const own = {
      ...signatureHeaders({ subscription, method, body: event.bytes, headers, id: escapeEventId(event.id), at }),
      ...headers,
    };
    if (!subscription.auth && !subscription.headers) return { sent: own, recorded: own };
    const secret = { ...lowerCased(subscription.headers), ...authHeaders(subscription.auth, accessToken) };
    return { sent: { ...secret, ...own }, recorded: { ...masked(secret), ...own } };
  };
}

/** Ids that were made here, for which `webhook-id` says all. */
const OWN_ID = /^evt_[0-9A-HJKMNP-TV-Z]{26}$/;

/**
 * The attributes of a CloudEvent as they came (CloudEvents HTTP binding 1.0.2, 3.1.3). Other events whose producer gave
 * an id are CloudEvents too. The id as it was given is their `ce-id`, because `webhook-id` has it escaped. The other
 * required attributes stand beside it.
 */
function cloudEventHeaders({ id, type, attributes }: EventMessage): Record<string, string> {
  if (attributes) return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
  return OWN_ID.test(id)
    ? {}
    : { "ce-specversion": "1.0", "ce-id": id, "ce-source": `urn:sealpost:event-type:${type}`, "ce-type": type };
}
type EventMessage = Pick<EndpointMessage, "id" | "type" | "attributes">;

const lowerCased = (headers: Subscription["headers"] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const masked = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, MASK]));
