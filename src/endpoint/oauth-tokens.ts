/**
 * Access tokens of consumers' own authorization servers (OAuth 2.0 client credentials, RFC 6749, 4.4), kept in memory
 * until shortly before they end. The request is oauth4webapi's and goes through our sender: same guard, deadline and
 * caps, no redirects. The answer is read by `oauth-token-answer`: the library takes only what RFC 6749 describes, and
 * large providers answer otherwise.
 */
import { LRUCache } from "lru-cache";
import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
} from "oauth4webapi";
import type { OAuth2ClientCredentials, Subscription } from "../store/model.js";
import { askedWait } from "./answer/asked-wait.js";
import { classify } from "./classify.js";
import { readTokenAnswer } from "./oauth-token-answer.js";
import type { Exchange } from "./exchange.js";
import type { CodeOf } from "./outcomes.js";
import type { Sender } from "./send.js";

/** Codes of the outcome table, and what else stops a request of ours before it is sent. */
export type TokenFault =
  "oauth_token_unavailable" | "oauth_client_refused" | "oauth_token_url_refused" | CodeOf<"ours">;
export type TokenResult =
  | { ok: true; token: string }
  /**
   * `said`: what the authorization server answered, or why it did not, in a sentence of ours without anything secret.
   */
  | {
      ok: false;
      code: TokenFault;
      said: string;
      /** How long the authorization server asks to be left alone. */
      askedWaitMs?: number;
    };

export interface TokenRequest {
  subscription: Pick<Subscription, "id" | "updatedAt">;
  auth: OAuth2ClientCredentials;
  /** Longest wait for the authorization server, milliseconds. */
  timeoutMs: number;
  /** A token that the endpoint has refused: not given again, but renewed. */
  refused?: string;
}

export interface OAuthTokens {
  /** A token, from memory when it is still good. Requests at the same time share one. Never rejects. */
  get(request: TokenRequest): TokenResult | Promise<TokenResult>;
}

/** A token is renewed so long before its end, or a tenth of its life when that is shorter. */
const RENEW_BEFORE_MS = 60_000;
/** Life of a token whose `expires_in` is absent or no time. */
const DEFAULT_LIFE_MS = 60_000;
/**
 * After a failure the authorization server is left alone for this time. A backlog of deliveries must not become a storm
 * of token requests.
 */
const FAILURE_KEPT_MS = 1_000;
const MAX_KEPT = 10_000;

interface Kept {
  auth: OAuth2ClientCredentials;
  result?: TokenResult;
  goodUntil: number;
  pending?: Promise<TokenResult>;
}

/** The tokens of a process. Secrets and tokens are never logged and leave memory with the process. */
export function createOAuthTokens({ sender, now = Date.now }: { sender: Sender; now?: () => number }): OAuthTokens {
  /** By subscription id. */
  const kept = new LRUCache<string, Kept>({ max: MAX_KEPT });

  function entryOf({ subscription, auth }: TokenRequest): Kept {
    const known = kept.get(subscription.id);
    if (known && sameClient(known.auth, auth)) return known;
    const entry: Kept = { auth, goodUntil: 0 };
    kept.set(subscription.id, entry);
    return entry;
  }

  return {
    get(request) {
      const entry = entryOf(request);
      const { result } = entry;
      const refused = result?.ok === true && result.token === request.refused;
      if (result && !refused && entry.goodUntil > now()) return result;
      entry.pending ??= requestToken(sender, request, now).then(({ lifeMs, ...got }) => {
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
  return (
    a === b ||
    (a.tokenUrl === b.tokenUrl &&
      a.clientId === b.clientId &&
      a.clientSecret === b.clientSecret &&
      a.scope === b.scope &&
      a.audience === b.audience &&
      a.clientAuth === b.clientAuth &&
      a.ca === b.ca)
  );
}

type Requested = { result: TokenResult; lifeMs: number };
const failed = (code: TokenFault, said: string, askedWaitMs?: number): Requested => ({
  result: { ok: false, code, said, ...(askedWaitMs !== undefined && { askedWaitMs }) },
  lifeMs: FAILURE_KEPT_MS,
});

async function requestToken(sender: Sender, request: TokenRequest, now: () => number): Promise<Requested> {
  const exchange = await exchangeOf(sender, request).catch(() => undefined);
  if (!exchange) return failed("oauth_token_unavailable", "The token request could not be made.");
  if (exchange.kind === "failure") return failed(...unreached(exchange));
  const { status, body, truncated } = exchange;
  const answer = readTokenAnswer(
    {
      status,
      body,
      truncated,
      contentType: exchange.headers["content-type"] ?? "",
      contentEncoding: exchange.headers["content-encoding"],
    },
    request.auth.clientSecret,
  );
  if (!answer.ok)
    return answer.fault === "refused"
      ? failed("oauth_client_refused", answer.said)
      : failed("oauth_token_unavailable", answer.said, askedWait(exchange, now()));
  const { token, lifeMs = DEFAULT_LIFE_MS } = answer;
  return { result: { ok: true, token }, lifeMs: lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 10) };
}

/** The request of RFC 6749, 4.4.2, and what came of it. */
async function exchangeOf(
  sender: Sender,
  { subscription, auth, timeoutMs }: TokenRequest,
): Promise<Exchange | undefined> {
  // Its own issuer: there is no discovery, and client credentials bring no ID token whose issuer would be compared.
  const server = { issuer: auth.tokenUrl, token_endpoint: auth.tokenUrl };
  const clientAuth =
    auth.clientAuth === "post" ? ClientSecretPost(auth.clientSecret) : ClientSecretBasic(auth.clientSecret);
  let exchange: Exchange | undefined;
  await clientCredentialsGrantRequest(server, { client_id: auth.clientId }, clientAuth, parametersOf(auth), {
    // The guard decides about http, which it allows on a trial machine only.
    [allowInsecureRequests]: true,
    [customFetch]: async (_url, { headers, body }) => {
      exchange = await sender.send({
        identity: {
          subscriptionId: `${subscription.id}/token`,
          url: auth.tokenUrl,
          version: subscription.updatedAt.getTime(),
          ...(auth.ca !== undefined && { tls: { ca: auth.ca } }),
        },
        headers,
        body: Buffer.from(String(body)),
        timeoutMs,
      });
      // The library only passes it on.
      return new Response(null);
    },
  });
  return exchange;
}

function parametersOf({ scope, audience }: OAuth2ClientCredentials): Record<string, string> {
  return { ...(scope !== undefined && { scope }), ...(audience !== undefined && { audience }) };
}

function unreached(failure: Extract<Exchange, { kind: "failure" }>): [TokenFault, string] {
  const outcome = classify(failure, 0);
  const said = `The token URL could not be called (${outcome.code}).`;
  if (failure.error === "target_refused") return ["oauth_token_url_refused", said];
  // Our own failure must not spend an attempt, whatever request it met.
  return [outcome.class === "ours" ? outcome.code : "oauth_token_unavailable", said];
}
