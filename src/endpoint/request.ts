/**
 * One request to a subscription's endpoint with everything that the subscription asks for. Deliveries and verification
 * make it alike.
 */
import type { OAuth2ClientCredentials } from "../store/model.js";
import { DEFAULT_TIMEOUT_MS } from "../workflows/schedule.js";
import { oauthOf } from "./auth.js";
import { createOAuthTokens, type TokenResult } from "./oauth-tokens.js";
import { createRequestHeaders, type RequestOrder } from "./request-headers.js";
import { type Exchange, MAX_BODY_BYTES, notSent } from "./exchange.js";
import { loopWatch } from "./loop-watch.js";
import type { Sender } from "./send.js";
import { maskFor } from "./secrets/sent-secrets.js";

export interface EndpointAnswer {
  /** The answer's headers are masked already. Its body is as it came, and may be longer than what is recorded. */
  exchange: Exchange;
  /** The answer's body as it may be recorded: what was sent in secret is masked, then it is cut. */
  recordedBody: () => RecordedBody;
  /** The request's headers as they may be recorded: secret values masked. */
  requestHeaders: Record<string, string>;
}

export interface RecordedBody {
  bytes: Uint8Array;
  /** There was more, or it broke off. */
  truncated: boolean;
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
  const headersFor = signable(createRequestHeaders({ version }));
  const tokens = createOAuthTokens({ sender });

  async function send(
    order: RequestOrder,
    at: Date,
    timeoutMs: number,
    tokens: readonly string[] = [],
  ): Promise<EndpointAnswer> {
    const { subscription, event } = order;
    const headers = headersFor(order, at, tokens.at(-1));
    if (!headers) return { exchange: notSent("request_invalid"), requestHeaders: {}, recordedBody: noBody };
    const mask = maskFor(subscription, tokens);
    const { sent, recorded } = headers;
    const exchange = await sender.send({
      identity: {
        subscriptionId: subscription.id,
        url: subscription.url,
        ...(subscription.tls && { tls: subscription.tls }),
        version: subscription.updatedAt.getTime(),
      },
      ...(order.method && { method: order.method }),
      ...(order.signal && { signal: order.signal }),
      ...(order.watch && { watch: order.watch }),
      headers: sent,
      body: event.bytes,
      timeoutMs,
      ...(mask && { maskHeader: (value) => mask.text(value), maxBodyBytes: MAX_BODY_BYTES + mask.margin }),
    });
    return { exchange, requestHeaders: recorded, recordedBody: () => recordedBody(exchange, mask) };
  }

  /** With a token. On 401 it is sent once more with a new one, within the same time. */
  async function sendWithToken(order: RequestOrder, at: Date, auth: OAuth2ClientCredentials): Promise<EndpointAnswer> {
    const { subscription } = order;
    const timeoutMs = timeoutOf(order);
    const request = { subscription, auth, timeoutMs: Math.min(TOKEN_TIMEOUT_MS, timeoutMs / 2) };
    const time = timeSpent();
    const left = () => Math.max(1_000, timeoutMs - time.ms);
    const unsent = ({ code, said, askedWaitMs }: TokenFailure): EndpointAnswer => ({
      exchange: { ...notSent(code, time.ms), said, ...(askedWaitMs !== undefined && { askedWaitMs }) },
      requestHeaders: headersFor(order, at)?.recorded ?? {},
      recordedBody: noBody,
    });
    const first = await time.during(tokens.get(request));
    if (!first.ok) return unsent(first);
    const answer = await send(order, at, left(), [first.token]);
    if (answer.exchange.kind !== "response" || answer.exchange.status !== 401) return answer;
    time.ms += answer.exchange.durationMs;
    const renewed = await time.during(tokens.get({ ...request, refused: first.token }));
    if (!renewed.ok) return unsent(renewed);
    // A server that gives the same token again has nothing better.
    if (renewed.token === first.token) return answer;
    return send(order, new Date(), left(), [first.token, renewed.token]);
  }

  return (order, at) => {
    const auth = order.subscription.auth && oauthOf(order.subscription.auth);
    return auth ? sendWithToken(order, at, auth) : send(order, at, timeoutOf(order));
  };
}

/** What others took of an attempt's time. Our own stalls are not in it, nor what a request waited for a connection. */
function timeSpent() {
  const loop = loopWatch();
  const time = {
    ms: 0,
    async during<T>(answer: T | Promise<T>): Promise<T> {
      const from = loop.attended();
      const got = await answer;
      time.ms += loop.attended() - from;
      return got;
    },
  };
  return time;
}

/**
 * Undefined where nothing can be signed: a content type with a line break, a key that is damaged. One delivery parks,
 * no other is held up.
 */
const signable =
  (headersOf: RequestHeaders) =>
  (...of: Parameters<RequestHeaders>): ReturnType<RequestHeaders> | undefined => {
    try {
      return headersOf(...of);
    } catch {
      return undefined;
    }
  };
type RequestHeaders = ReturnType<typeof createRequestHeaders>;

const noBody = (): RecordedBody => ({ bytes: new Uint8Array(0), truncated: false });
/**
 * Sealpost asks for no encoding. What comes in one all the same cannot be searched, so it is not kept where there is
 * something to mask.
 */
const ENCODED = Buffer.from("(not kept: the endpoint sent it with a Content-Encoding, which was not asked for)");

function recordedBody(exchange: Exchange, mask: ReturnType<typeof maskFor>): RecordedBody {
  if (exchange.kind !== "response") return noBody();
  const { body, truncated, headers } = exchange;
  if (!mask || body.byteLength === 0) return { bytes: body, truncated };
  if ((headers["content-encoding"] ?? "identity").trim().toLowerCase() !== "identity")
    return { bytes: ENCODED, truncated: true };
  return mask.body(body, MAX_BODY_BYTES, truncated);
}

const timeoutOf = ({ subscription }: RequestOrder): number => subscription.retry?.timeoutMs ?? DEFAULT_TIMEOUT_MS;

type TokenFailure = Extract<TokenResult, { ok: false }>;
