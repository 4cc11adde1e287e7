/**
 * Whether an endpoint is its subscriber's: it must answer a challenge, or agree to be called (CloudEvents HTTP webhook
 * 1.0.2).
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { newId } from "../store/ids.js";
import type { Subscription } from "../store/model.js";
import type { RateLimit } from "../workflows/contract.js";
import { contentOf } from "./answer/content-coding.js";
import { classify } from "./classify.js";
import type { EndpointRequest } from "./request.js";
import { OUTCOMES } from "./outcomes.js";
import { type Exchange, MAX_BODY_BYTES } from "./exchange.js";

/** Type of the message that carries a challenge. */
export const VERIFICATION_EVENT_TYPE = "sealpost.verification";
/** Longest time that the caller of a verification waits. */
const DEADLINE_MS = 10_000;
/** Asked for where the subscription has no rate limit of its own: 100 a second. */
const REQUESTED_PER_MINUTE = 6_000;
const MAX_PER_SECOND = 10_000;

/** What an endpoint can do wrong beside failing to answer, for which see OUTCOMES. */
const FAULTS = {
  challenge_not_echoed: {
    explanation: "The endpoint answered without the challenge.",
    hint:
      'Answer 2xx with the challenge of `data.challenge`, as {"challenge":"…"} or as plain text ' +
      "and nothing else, within 16 KiB.",
  },
  handshake_refused: {
    explanation: "The endpoint did not allow our origin.",
    hint: "Answer OPTIONS with 2xx and WebHook-Allowed-Origin: our origin, as WebHook-Request-Origin names it, or *.",
  },
  handshake_rate_invalid: {
    explanation: "The endpoint allowed a rate that is none.",
    hint: "Answer WebHook-Allowed-Rate with requests per minute, a whole number from 1, or *.",
  },
} as const;

/** The challenge may be in it, but the coding hides it: zstd, for example, which this version of node does not know. */
const UNREADABLE = {
  ok: false,
  code: "challenge_not_echoed",
  explanation: "The endpoint's answer came compressed, and could not be read.",
  hint: "Answer without Content-Encoding, as the request's `accept-encoding: identity` asks for.",
} as const;

export type EndpointVerification =
  | { ok: true; rateLimit?: RateLimit }
  /** In plain words, without internal addresses. */
  | { ok: false; code: string; explanation: string; hint: string };

/**
 * Sends a signed challenge of 256 random bits like a delivery, and compares what comes back in constant time. The
 * challenge is used once: it is kept nowhere.
 */
export async function verifyByChallenge(
  request: EndpointRequest,
  subscription: Subscription,
): Promise<EndpointVerification> {
  const challenge = randomBytes(32).toString("base64url");
  const at = new Date();
  const bytes = Buffer.from(
    JSON.stringify({ type: VERIFICATION_EVENT_TYPE, timestamp: at.toISOString(), data: { challenge } }),
  );
  const event = { id: newId("evt"), type: VERIFICATION_EVENT_TYPE, contentType: "application/json", bytes };
  const { exchange } = await request({ event, subscription: withDeadline(subscription), number: 1 }, at);
  const failure = failureOf(exchange);
  if (failure) return failure;
  const content =
    exchange.kind === "response" && contentOf(exchange.body, exchange.headers["content-encoding"], MAX_BODY_BYTES);
  if (content && !content.ok && content.fault === "unreadable") return UNREADABLE;
  return content && content.ok && echoes(content.bytes, challenge) ? { ok: true } : fault("challenge_not_echoed");
}

/**
 * The abuse protection of CloudEvents HTTP webhook 1.0.2, section 4: OPTIONS with our origin and rate, answered with
 * both allowed. The allowed rate (requests per minute) bounds the subscription's own and never raises it. The answer
 * must come at once: the callback of section 4.1.2 (`WebHook-Request-Callback`) is not offered.
 */
export async function verifyByHandshake(
  request: EndpointRequest,
  subscription: Subscription,
  origin: string,
): Promise<EndpointVerification> {
  const { rateLimit } = subscription;
  const perMinute = rateLimit ? Math.max(1, Math.floor(rateLimit.perSecond * 60)) : REQUESTED_PER_MINUTE;
  const event = {
    id: newId("evt"),
    type: VERIFICATION_EVENT_TYPE,
    contentType: "application/json",
    bytes: new Uint8Array(0),
  };
  const extra = { "webhook-request-origin": origin, "webhook-request-rate": String(perMinute) };
  const { exchange } = await request(
    { event, subscription: withDeadline(subscription), number: 1, method: "OPTIONS", extra },
    new Date(),
  );
  const failure = failureOf(exchange);
  if (failure) return failure;
  const { "webhook-allowed-origin": allowed = "", "webhook-allowed-rate": rate } =
    exchange.kind === "response" ? exchange.headers : {};
  if (allowed.trim() !== "*" && allowed.trim().toLowerCase() !== origin.toLowerCase())
    return fault("handshake_refused");
  if (rate === undefined || rate.trim() === "*") return { ok: true };
  if (!/^[1-9]\d{0,9}$/.test(rate.trim())) return fault("handshake_rate_invalid");
  const perSecond = Math.min(Number(rate) / 60, MAX_PER_SECOND);
  if (rateLimit && rateLimit.perSecond <= perSecond) return { ok: true };
  // A second's worth at once, so that a minute's allowance is not used up in one burst.
  return {
    ok: true,
    rateLimit: { perSecond, burst: Math.min(rateLimit?.burst ?? MAX_PER_SECOND, Math.max(1, Math.ceil(perSecond))) },
  };
}

const withDeadline = (subscription: Subscription): Subscription => ({
  ...subscription,
  retry: { ...subscription.retry, timeoutMs: Math.min(subscription.retry?.timeoutMs ?? DEADLINE_MS, DEADLINE_MS) },
});

function failureOf(exchange: Exchange): EndpointVerification | undefined {
  const { code } = classify(exchange, Date.now());
  if (code === "delivered") return undefined;
  const { explanation, hint } = OUTCOMES[code];
  if (exchange.kind === "response")
    return { ok: false, code, explanation: `HTTP ${exchange.status}: ${explanation}`, hint };
  return {
    ok: false,
    code,
    explanation: exchange.said === undefined ? explanation : `${explanation} ${exchange.said}`,
    hint,
  };
}

const fault = (code: keyof typeof FAULTS): EndpointVerification => ({ ok: false, code, ...FAULTS[code] });

function echoes(body: Uint8Array, challenge: string): boolean {
  const text = Buffer.from(body).toString("utf8").trim();
  return same(text, challenge) || same(challengeIn(text), challenge);
}

function challengeIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const challenge: unknown =
      typeof value === "object" && value !== null && "challenge" in value ? value.challenge : undefined;
    return typeof challenge === "string" ? challenge : "";
  } catch {
    return "";
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const same = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));
