/** The headers that one request to an endpoint carries: signatures, authentication, custom headers; and what of them may be recorded. */
import type { Subscription } from "../store/model.js";
import { escapeEventId } from "../workflows/event-id.js";
import { authHeaders } from "./auth.js";
import { MASK } from "./secret-mask.js";
import { signatureHeaders } from "./signature-headers.js";

/** A message for one endpoint: an event, or the challenge that verifies the endpoint. */
export interface EndpointMessage {
  /** Goes out as `webhook-id`, escaped. */
  id: string;
  type: string;
  contentType: string;
  bytes: Uint8Array;
}

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
}

export interface RequestHeaders {
  /** As they are sent. */
  sent: Record<string, string>;
  /** As they may be recorded and shown: secret values masked. */
  recorded: Record<string, string>;
}

/**
 * Gives the headers of one request at `at`. Synchronous, because it lies on the hot path: an OAuth2 access token is the caller's
 * to get (`endpoint-request.ts`). Where two would write the same header, authentication wins over custom headers, and what
 * belongs to the delivery over both.
 */
export function createRequestHeaders({ version }: { version: string }): (order: RequestOrder, at: Date, accessToken?: string) => RequestHeaders {
  const userAgent = `Sealpost/${version}`;
  return ({ event, subscription, number, method = "POST", extra }, at, accessToken) => {
    const headers: Record<string, string> = {
      "content-type": event.contentType, "webhook-event-type": event.type, "webhook-attempt": String(number), "user-agent": userAgent, ...extra,
    };
    const own = { ...signatureHeaders({ subscription, method, body: event.bytes, headers, id: escapeEventId(event.id), at }), ...headers };
    if (!subscription.auth && !subscription.headers) return { sent: own, recorded: own };
    const secret = { ...lowerCased(subscription.headers), ...authHeaders(subscription.auth, accessToken) };
    return { sent: { ...secret, ...own }, recorded: { ...masked(secret), ...own } };
  };
}

const lowerCased = (headers: Subscription["headers"] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const masked = (headers: Record<string, string>): Record<string, string> => Object.fromEntries(Object.keys(headers).map((name) => [name, MASK]));
