/** What an exchange means for the delivery. Decides by status and by code, never by message. */
import { askedWait, LATER_IF_SAID } from "./answer/asked-wait.js";
import { type CodeOf, OUTCOMES, type OutcomeCode } from "./outcomes.js";
import type { Exchange } from "./exchange.js";

export type Outcome =
  | { class: "delivered"; code: "delivered" }
  | {
      class: "retry";
      code: CodeOf<"retry">;
      /** What the answer asks for, by Retry-After or by the end of a rate limit: at least 1 s, at most 24 h. */
      retryAfterMs?: number;
      /** The consumer said how long it wants quiet: nothing goes to this subscription meanwhile. */
      pausesBucket: boolean;
    }
  | { class: "park"; code: CodeOf<"park"> }
  | { class: "disable"; code: CodeOf<"disable"> }
  | { class: "ours"; code: CodeOf<"ours"> };

const DELIVERED: Outcome = Object.freeze({ class: "delivered", code: "delivered" });

/** Classifies an exchange. `now` is in milliseconds since the epoch, for a time that is given as a date. */
export function classify(exchange: Exchange, now: number): Outcome {
  if (exchange.kind === "failure") return afterWait(outcomeOf(failureCode(exchange)), exchange.askedWaitMs);
  const { status } = exchange;
  if (status >= 200 && status <= 299) return DELIVERED;
  const retryAfterMs = askedWait(exchange, now);
  const code = statusCode(status);
  return afterWait(
    outcomeOf(retryAfterMs !== undefined && LATER_IF_SAID.has(status) ? "http_4xx_later" : code),
    retryAfterMs,
  );
}

/**
 * Without a wait that was asked for the schedule decides, and the bucket goes on. One 503 behind a load balancer is not
 * the whole consumer.
 */
const afterWait = (outcome: Outcome, retryAfterMs: number | undefined): Outcome =>
  outcome.class === "retry" && retryAfterMs !== undefined ? { ...outcome, retryAfterMs, pausesBucket: true } : outcome;

function outcomeOf(code: OutcomeCode): Outcome {
  const row = OUTCOMES[code];
  return row.class === "retry"
    ? { class: "retry", code: code as CodeOf<"retry">, pausesBucket: false }
    : ({ class: row.class, code } as Outcome);
}

/**
 * Statuses that say nothing about the event: locked (423), retry with (449), and an earlier form of 429 (420). With 499
 * nginx, and with 460 Amazon's load balancer, say that their client went away.
 */
const LATER: ReadonlySet<number> = new Set([420, 423, 449, 460, 499]);

/** A status that HTTP does not define (600, 999) says nothing about the data, so it is tried again and not parked. */
function statusCode(status: number): OutcomeCode {
  if (status === 408) return "http_408";
  if (status === 410) return "http_410";
  if (status === 421) return "http_421";
  if (status === 425) return "http_425";
  if (status === 429) return "http_429";
  const hundreds = Math.floor(status / 100);
  if (hundreds === 3) return "redirect_not_followed";
  if (LATER.has(status)) return "http_4xx_later";
  if (hundreds === 4) return "http_4xx";
  if (hundreds === 5) return "http_5xx";
  return "http_unknown_status";
}

type Failure = Extract<Exchange, { kind: "failure" }>;

function failureCode(failure: Failure): OutcomeCode {
  const { error, phase } = failure;
  if (closedByPeer.has(error)) return closedCode(failure);
  const known = FAILURES.get(error);
  if (known) return known;
  if (error.startsWith("HPE_")) return "protocol_error";
  if (/^ERR_SSL_TLSV1_(?:ALERT_)?UNRECOGNIZED_NAME$/.test(error)) return "tls_name_mismatch";
  if (error.startsWith("ERR_SSL_")) return CLIENT_CERTIFICATE_ALERT.test(error) ? "mtls_rejected" : "tls_protocol";
  if (error.startsWith("ERR_TLS_")) return "tls_protocol";
  // Verification errors of OpenSSL come without a prefix (X509_V_ERR_… in its sources). They occur while connecting
  // only.
  if (phase === "connect" && /^(?!ERR_|UND_)[A-Z]+(?:_[A-Z]+)+$/.test(error)) return "tls_untrusted";
  // What node or our own code throws for a bug. Whatever else an endpoint may provoke spends an attempt, so that
  // nothing loops.
  return error.startsWith("ERR_") || error.endsWith("Error") ? "internal_error" : "connection_failed";
}

const closedByPeer = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * Under TLS 1.3 the client is done before the server has looked at its certificate. So a rejected certificate shows as
 * a connection that is closed without an answer. Measured alike for missing, unknown, expired and wrong-usage
 * certificates.
 */
function closedCode({
  error,
  phase,
  responseStarted,
  freshSocket,
  tlsProtocol,
  clientCertificateSent,
}: Failure): OutcomeCode {
  if (phase === "connect") return "tls_handshake_closed";
  if (responseStarted) return error === "UND_ERR_SOCKET" ? "protocol_error" : "connection_reset";
  if (freshSocket && tlsProtocol === "TLSv1.3" && clientCertificateSent) return "mtls_possibly_rejected";
  return error === "UND_ERR_SOCKET" ? "connection_closed" : "connection_reset";
}

/**
 * Alerts by which a server refuses a client certificate, or the lack of one (a bare handshake_failure under TLS 1.2).
 */
const CLIENT_CERTIFICATE_ALERTS = [
  "HANDSHAKE_FAILURE",
  "NO_CERTIFICATE",
  "BAD_CERTIFICATE",
  "UNSUPPORTED_CERTIFICATE",
  "CERTIFICATE_REVOKED",
  "CERTIFICATE_EXPIRED",
  "CERTIFICATE_UNKNOWN",
  "CERTIFICATE_REQUIRED",
  "UNKNOWN_CA",
  "ACCESS_DENIED",
];
const CLIENT_CERTIFICATE_ALERT = new RegExp(
  `^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(?:${CLIENT_CERTIFICATE_ALERTS.join("|")})$`,
);

const FAILURES: ReadonlyMap<string, OutcomeCode> = new Map<string, OutcomeCode>([
  // Our own codes are outcome codes already.
  ...(
    [
      "timeout_connect",
      "timeout_headers",
      "timeout_total",
      "dns_not_found",
      "dns_temporary",
      "dns_timeout",
      "resolver_unavailable",
      "destination_blocked",
      "destination_own",
      "target_refused",
      "client_certificate_mismatch",
      "client_certificate_invalid",
      "request_invalid",
      "oauth_token_unavailable",
      "oauth_client_refused",
      "oauth_token_url_refused",
      "sockets_exhausted",
      "interrupted",
    ] as const
  ).map((code) => [code, code] as const),
  ["UND_ERR_CONNECT_TIMEOUT", "timeout_connect"],
  ["ETIMEDOUT", "timeout_connect"],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout_headers"],
  ["ECONNREFUSED", "connection_refused"],
  ["UND_ERR_HEADERS_OVERFLOW", "response_headers_too_large"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "protocol_error"],
  // The name: undici leaves out the code for most errors of its parser.
  ["HTTPParserError", "protocol_error"],
  // The parser of undici asserts that a status is at least 100.
  ["ERR_ASSERTION", "protocol_error"],
  ["ENOTFOUND", "dns_not_found"],
  ["EAI_AGAIN", "dns_temporary"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls_name_mismatch"],
  ["CERT_HAS_EXPIRED", "tls_expired"],
  ["CERT_NOT_YET_VALID", "tls_expired"],
  ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "client_certificate_mismatch"],
  ["EMFILE", "resources_exhausted"],
  ["ENFILE", "resources_exhausted"],
  ["ENOMEM", "resources_exhausted"],
  ["ENOBUFS", "resources_exhausted"],
  ["EADDRNOTAVAIL", "resources_exhausted"],
  ["ERR_WORKER_OUT_OF_MEMORY", "resources_exhausted"],
  ["UND_ERR_CLOSED", "interrupted"],
  ["UND_ERR_DESTROYED", "interrupted"],
  ["UND_ERR_ABORTED", "interrupted"],
  ["UND_ERR_INVALID_ARG", "request_invalid"],
]);
