/** One attempt of one delivery: sign, send, classify, and say what comes next. Recording it is the caller's part. */
import type { Logger } from "pino";
import type { Attempt, AttemptDetail, Subscription } from "../store/model.js";
import { nextAttempt } from "../workflows/schedule.js";
import { classify, type Outcome } from "../endpoint/classify.js";
import type { BreakerGate } from "./breaker/gate.js";
import type { EndpointHealth, WatchedAttempt } from "../endpoint/health.js";
import type { EndpointAnswer, EndpointRequest } from "../endpoint/request.js";
import type { Metrics } from "../metrics.js";
import { OUTCOMES } from "../endpoint/outcomes.js";
import type { EndpointMessage } from "../endpoint/request-headers.js";
import type { Exchange } from "../endpoint/exchange.js";
import { canonicalUrl } from "../endpoint/target/target-url.js";

/** An event with its bytes at hand. */
export interface EventBytes extends EndpointMessage {
  acceptedAt: number;
}

export interface AttemptOrder {
  event: EventBytes;
  subscription: Subscription;
  /** 1, 2, … within the delivery. */
  number: number;
  /** Attempts made before this one in the current schedule. */
  inSchedule: number;
  /** Ends the request under way (`interrupted`). */
  signal?: AbortSignal;
}

/** What an attempt means for the delivery and for its subscription. */
export type AttemptResult = { attempt?: Attempt; reason?: string; effect?: SubscriptionEffect } & (
  { status: "delivered" | "parked" | "exhausted" } | { status: "retrying"; dueAt: number }
);
export type SubscriptionEffect = { kind: "disable"; reason: string } | { kind: "pause"; untilMs: number };

export interface DeliverDependencies {
  request: EndpointRequest;
  health: EndpointHealth;
  /** Is told what each attempt came to. */
  breaker?: Pick<BreakerGate, "note">;
  metrics: Metrics;
  log: Logger;
}

/** Our own trouble (keys, file descriptors, …) is tried again after this time and spends no attempt. */
const OWN_FAILURE_RETRY_MS = 10_000;

/** Makes attempts. Never throws for what an endpoint does. */
export function createDeliver(dependencies: DeliverDependencies): (order: AttemptOrder) => Promise<AttemptResult> {
  return async (order) => {
    const at = new Date();
    const watched = dependencies.health.begin(order.subscription.id);
    let came: Parameters<WatchedAttempt["end"]>[0] = "ours";
    try {
      const answer = await dependencies.request({ ...order, watch: watched }, at);
      const { exchange } = answer;
      const outcome = classify(exchange, Date.now());
      came = outcome.class === "retry" ? "failed" : outcome.class === "ours" ? "ours" : "well";
      const result = resultOf(order, at, answer, outcome);
      if (result.attempt) dependencies.breaker?.note(order.subscription, result.attempt);
      report(dependencies, order, { exchange, outcome, result });
      return result;
    } finally {
      watched.end(came);
    }
  };
}

function resultOf(order: AttemptOrder, at: Date, answer: EndpointAnswer, outcome: Outcome): AttemptResult {
  const { exchange } = answer;
  if (outcome.class === "ours") {
    return { status: "retrying", dueAt: Date.now() + OWN_FAILURE_RETRY_MS, reason: reasonOf(outcome, exchange) };
  }
  const attempt: Attempt = {
    number: order.number,
    at,
    outcome: outcome.code,
    durationMs: Math.round(exchange.durationMs),
    ...(exchange.kind === "response" && { status: exchange.status }),
    detail: detailOf(order.subscription, answer, outcome),
  };
  switch (outcome.class) {
    case "delivered":
      return { status: "delivered", attempt };
    case "park":
      return { status: "parked", attempt, reason: reasonOf(outcome, exchange) };
    case "disable":
      return {
        status: "parked",
        attempt,
        reason: reasonOf(outcome, exchange),
        effect: { kind: "disable", reason: reasonOf(outcome, exchange) },
      };
    case "retry": {
      const next = nextAttempt({
        ...(order.subscription.retry && { policy: order.subscription.retry }),
        attemptsInSchedule: order.inSchedule + 1,
        ...(outcome.retryAfterMs !== undefined && { retryAfterMs: outcome.retryAfterMs }),
        random: Math.random(),
      });
      const untilMs =
        outcome.pausesBucket && outcome.retryAfterMs !== undefined ? Date.now() + outcome.retryAfterMs : undefined;
      const pause = untilMs !== undefined && { effect: { kind: "pause" as const, untilMs } };
      const reason = reasonOf(outcome, exchange);
      return "exhausted" in next
        ? { status: "exhausted", attempt, reason: `Retries ran out. Last: ${reason}`, ...pause }
        : // Nothing is sent before the pause is over, so that is when the next attempt is due, and what is shown.
          { status: "retrying", attempt, dueAt: Math.max(Date.now() + next.delayMs, untilMs ?? 0), reason, ...pause };
    }
  }
}

/** In plain words, without payload, secret or internal address. */
function reasonOf(outcome: Exclude<Outcome, { class: "delivered" }>, exchange: Exchange): string {
  const words = OUTCOMES[outcome.code].explanation;
  if (exchange.kind === "response") return `HTTP ${exchange.status}: ${words}`;
  return exchange.said === undefined ? words : `${words} ${exchange.said}`;
}

function detailOf(
  subscription: Subscription,
  { exchange, requestHeaders, recordedBody }: EndpointAnswer,
  outcome: Outcome,
): AttemptDetail {
  const advice = outcome.class === "delivered" ? undefined : OUTCOMES[outcome.code].hint;
  const hint =
    advice && exchange.kind === "failure" && exchange.said !== undefined ? `${exchange.said} ${advice}` : advice;
  const detail: AttemptDetail = {
    url: canonicalUrl(subscription.url),
    requestHeaders,
    ...(hint && { hint }),
    ...(exchange.timings && { timings: exchange.timings }),
  };
  if (exchange.kind !== "response")
    return exchange.certificates ? { ...detail, certificates: exchange.certificates } : detail;
  detail.responseHeaders = exchange.headers;
  const { bytes, truncated } = recordedBody();
  if (truncated) detail.truncated = true;
  if (bytes.byteLength > 0) Object.assign(detail, bodyText(bytes));
  return detail;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
function bodyText(body: Uint8Array): Pick<AttemptDetail, "responseBody" | "responseBodyEncoding"> {
  try {
    return { responseBody: utf8.decode(body), responseBodyEncoding: "utf8" };
  } catch {
    return {
      responseBody: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64"),
      responseBodyEncoding: "base64",
    };
  }
}

function report(
  { metrics, log }: DeliverDependencies,
  { event, subscription, number }: AttemptOrder,
  { exchange, outcome, result }: { exchange: Exchange; outcome: Outcome; result: AttemptResult },
): void {
  metrics.attempts.inc({ outcome_class: outcome.class });
  metrics.attemptSeconds.observe(exchange.durationMs / 1_000);
  // A request that found no free connection to a slow endpoint is no fault that an operator could mend.
  if (outcome.class === "ours" && outcome.code !== "timeout_total") metrics.ownFailures.inc({ part: "attempt" });
  if (result.status === "delivered") metrics.latencySeconds.observe((Date.now() - event.acceptedAt) / 1_000);
  if (result.status === "parked") metrics.parked.inc();
  if (result.status !== "retrying") metrics.deliveries.inc({ status: result.status });
  log.info(
    {
      event: event.id,
      subscription: subscription.id,
      group: subscription.groupId,
      type: event.type,
      attempt: number,
      outcome: outcome.code,
      class: outcome.class,
      delivery: result.status,
      ms: Math.round(exchange.durationMs * 10) / 10,
      bytes: event.bytes.byteLength,
      ...(exchange.kind === "response" ? { status: exchange.status } : {}),
      ...(result.status === "retrying" ? { next: new Date(result.dueAt).toISOString() } : {}),
    },
    "attempt",
  );
}
