/**
 * Access tokens of consumers' own authorization servers (OAuth 2.0 client credentials, RFC 6749, 4.4), kept in memory until shortly
 * before they end. The protocol is oauth4webapi's; its requests go through our sender: same guard, deadline and caps, no redirects.
 */
import { allowInsecureRequests, clientCredentialsGrantRequest, ClientSecretBasic, ClientSecretPost, customFetch, processClientCredentialsResponse, ResponseBodyError } from "oauth4webapi";
import type { OAuth2ClientCredentials, Subscription } from "../store/model.js";
import type { Exchange, Sender } from "./send.js";

/** Codes of the outcome table, and what else stops a request of ours before it is sent. */
export type TokenFault = "oauth_token_unavailable" | "oauth_client_refused" | "oauth_token_url_refused" | "sockets_exhausted" | "interrupted";
export type TokenResult = { ok: true; token: string } | { ok: false; code: TokenFault };

export interface TokenRequest {
  subscription: Pick<Subscription, "id" | "updatedAt">;
  auth: OAuth2ClientCredentials;
  /** Longest wait for the authorization server, milliseconds. */
  timeoutMs: number;
  /** A token that the endpoint has refused: not given again, but renewed. */
  refused?: string;
}

export interface OAuthTokens {
  /** A token, from memory when it is still good; requests at the same time share one. Never rejects. */
  get(request: TokenRequest): TokenResult | Promise<TokenResult>;
}

/** A token is renewed so long before its end, or a tenth of its life when that is shorter. */
const RENEW_BEFORE_MS = 60_000;
/** Life of a token whose `expires_in` is absent. */
const DEFAULT_LIFE_MS = 60_000;
/** After a failure the authorization server is left alone for this time: a backlog of deliveries must not become a storm of token requests. */
const FAILURE_KEPT_MS = 1_000;
const MAX_KEPT = 10_000;
/** RFC 6750, 2.1. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

interface Kept {
  auth: OAuth2ClientCredentials;
  result?: TokenResult;
  goodUntil: number;
  pending?: Promise<TokenResult>;
}

/** The tokens of a process. Secrets and tokens are never logged and leave memory with the process. */
export function createOAuthTokens({ sender, now = Date.now }: { sender: Sender; now?: () => number }): OAuthTokens {
  /** By subscription id; the one that was made longest ago goes first. */
  const kept = new Map<string, Kept>();

  function entryOf({ subscription, auth }: TokenRequest): Kept {
    const known = kept.get(subscription.id);
    if (known && sameClient(known.auth, auth)) return known;
    const entry: Kept = { auth, goodUntil: 0 };
    if (!known && kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
    kept.set(subscription.id, entry);
    return entry;
  }

  return {
    get(request) {
      const entry = entryOf(request);
      const { result } = entry;
      const refused = result?.ok === true && result.token === request.refused;
      if (result && !refused && entry.goodUntil > now()) return result;
      entry.pending ??= requestToken(sender, request).then(({ lifeMs, ...got }) => {
        const answer = got.result;
        entry.result = answer;
        entry.goodUntil = now() + lifeMs;
        delete entry.pending;
        return answer;
      });
      return entry.pending;
    },
  };
}

function sameClient(a: OAuth2ClientCredentials, b: OAuth2ClientCredentials): boolean {
  return a === b || (a.tokenUrl === b.tokenUrl && a.clientId === b.clientId && a.clientSecret === b.clientSecret && a.scope === b.scope
    && a.audience === b.audience && a.clientAuth === b.clientAuth && a.ca === b.ca);
}

const failed = (code: TokenFault) => ({ result: { ok: false as const, code }, lifeMs: FAILURE_KEPT_MS });

async function requestToken(sender: Sender, { subscription, auth, timeoutMs }: TokenRequest): Promise<{ result: TokenResult; lifeMs: number }> {
  // Its own issuer: there is no discovery, and client credentials bring no ID token whose issuer would be compared.
  const server = { issuer: auth.tokenUrl, token_endpoint: auth.tokenUrl };
  const client = { client_id: auth.clientId };
  const clientAuth = auth.clientAuth === "post" ? ClientSecretPost(auth.clientSecret) : ClientSecretBasic(auth.clientSecret);
  let exchange: Exchange | undefined;
  try {
    const response = await clientCredentialsGrantRequest(server, client, clientAuth, parametersOf(auth), {
      // The guard decides about http, which it allows on a trial machine only.
      [allowInsecureRequests]: true,
      [customFetch]: async (_url, { headers, body }) => {
        exchange = await sender.send({
          identity: {
            subscriptionId: `${subscription.id}/token`, url: auth.tokenUrl, version: subscription.updatedAt.getTime(), ...(auth.ca !== undefined && { tls: { ca: auth.ca } }),
          },
          headers, body: Buffer.from(String(body)), timeoutMs,
        });
        return responseOf(exchange);
      },
    });
    const { access_token: token, token_type: type, expires_in: seconds } = await processClientCredentialsResponse(server, client, response);
    if (type.toLowerCase() !== "bearer" || !BEARER_TOKEN.test(token)) return failed("oauth_token_unavailable");
    const life = seconds === undefined ? DEFAULT_LIFE_MS : seconds * 1_000;
    return { result: { ok: true, token }, lifeMs: life - Math.min(RENEW_BEFORE_MS, life / 10) };
  } catch (error) {
    return failed(faultOf(error, exchange));
  }
}

function parametersOf({ scope, audience }: OAuth2ClientCredentials): Record<string, string> {
  return { ...(scope !== undefined && { scope }), ...(audience !== undefined && { audience }) };
}

/** Thrown through the library, which knows of fetch errors only. */
class NotSent extends Error {}

function responseOf(exchange: Exchange): Response {
  // `Response` knows 200 to 599 only.
  if (exchange.kind !== "response" || exchange.truncated || exchange.status > 599) throw new NotSent();
  const empty = exchange.status === 204 || exchange.status === 205 || exchange.status === 304;
  return new Response(empty ? null : Buffer.from(exchange.body), { status: exchange.status, headers: { "content-type": exchange.headers["content-type"] ?? "" } });
}

/** Whose matter a failure is: a refusal of the client needs a person, everything else is tried again. */
function faultOf(error: unknown, exchange: Exchange | undefined): TokenFault {
  if (exchange?.kind === "failure") {
    if (exchange.error === "target_refused") return "oauth_token_url_refused";
    if (exchange.error === "sockets_exhausted" || exchange.error === "interrupted") return exchange.error;
    return "oauth_token_unavailable";
  }
  if (exchange?.status === 401 || exchange?.status === 403) return "oauth_client_refused";
  if (exchange?.status === 400 && error instanceof ResponseBodyError) return TEMPORARY.has(error.error) ? "oauth_token_unavailable" : "oauth_client_refused";
  return "oauth_token_unavailable";
}

/** Error codes by which some servers say that they are busy, with 400 or 401. */
const TEMPORARY = new Set(["temporarily_unavailable", "server_error", "slow_down"]);
