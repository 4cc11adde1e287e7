/** One request to a subscription's endpoint with everything that the subscription asks for; deliveries and verification make it alike. */
import type { OAuth2ClientCredentials } from "../store/model.js";
import { DEFAULT_TIMEOUT_MS } from "../workflows/schedule.js";
import { oauthOf } from "./auth.js";
import { createOAuthTokens, type TokenFault } from "./oauth-tokens.js";
import { createRequestHeaders, type RequestOrder } from "./request-headers.js";
import type { Exchange, Sender } from "./send.js";

export interface EndpointAnswer {
  exchange: Exchange;
  /** The request's headers as they may be recorded: secret values masked. */
  requestHeaders: Record<string, string>;
}

/** Makes the request as of `at`. Never rejects for what an endpoint, or its authorization server, does. */
export type EndpointRequest = (order: RequestOrder, at: Date) => Promise<EndpointAnswer>;

export interface EndpointRequestDependencies {
  sender: Sender;
  /** Of the service, for `user-agent`. */
  version: string;
}

/** The longest that an authorization server may take of an attempt's time, and at most half of it. */
const TOKEN_TIMEOUT_MS = 10_000;

/** Signs, authenticates and sends. One for each process: it keeps the access tokens. */
export function createEndpointRequest({ sender, version }: EndpointRequestDependencies): EndpointRequest {
  const headersOf = createRequestHeaders({ version });
  const tokens = createOAuthTokens({ sender });

  /** Undefined where nothing can be signed: a content type with a line break, a key that is damaged. One delivery parks, no other is held up. */
  function headersFor(order: RequestOrder, at: Date, accessToken?: string): ReturnType<typeof headersOf> | undefined {
    try {
      return headersOf(order, at, accessToken);
    } catch {
      return undefined;
    }
  }

  async function send(order: RequestOrder, at: Date, timeoutMs: number, accessToken?: string): Promise<EndpointAnswer> {
    const { subscription, event } = order;
    const headers = headersFor(order, at, accessToken);
    if (!headers) return { exchange: notSent("request_invalid", 0), requestHeaders: {} };
    const { sent, recorded } = headers;
    const exchange = await sender.send({
      identity: { subscriptionId: subscription.id, url: subscription.url, ...(subscription.tls && { tls: subscription.tls }), version: subscription.updatedAt.getTime() },
      ...(order.method && { method: order.method }), headers: sent, body: event.bytes, timeoutMs,
    });
    return { exchange, requestHeaders: recorded };
  }

  /** With a token; on 401 once more with a new one, within the same time. */
  async function sendWithToken(order: RequestOrder, at: Date, auth: OAuth2ClientCredentials): Promise<EndpointAnswer> {
    const { subscription } = order;
    const timeoutMs = timeoutOf(order);
    const started = performance.now();
    const request = { subscription, auth, timeoutMs: Math.min(TOKEN_TIMEOUT_MS, timeoutMs / 2) };
    const left = () => Math.max(1_000, timeoutMs - (performance.now() - started));
    const unsent = (code: TokenFault): EndpointAnswer => ({ exchange: notSent(code, performance.now() - started), requestHeaders: headersFor(order, at)?.recorded ?? {} });
    const first = await tokens.get(request);
    if (!first.ok) return unsent(first.code);
    const answer = await send(order, at, left(), first.token);
    if (answer.exchange.kind !== "response" || answer.exchange.status !== 401) return answer;
    const renewed = await tokens.get({ ...request, refused: first.token });
    if (!renewed.ok) return unsent(renewed.code);
    // A server that gives the same token again has nothing better.
    if (renewed.token === first.token) return answer;
    return send(order, new Date(), left(), renewed.token);
  }

  return (order, at) => {
    const auth = order.subscription.auth && oauthOf(order.subscription.auth);
    return auth ? sendWithToken(order, at, auth) : send(order, at, timeoutOf(order));
  };
}

const timeoutOf = ({ subscription }: RequestOrder): number => subscription.retry?.timeoutMs ?? DEFAULT_TIMEOUT_MS;

const notSent = (error: TokenFault | "request_invalid", durationMs: number): Exchange =>
  ({ kind: "failure", error, phase: "configure", responseStarted: false, durationMs, timings: {}, freshSocket: false, clientCertificateSent: false });
