/**
 * The words of each outcome where there is no room for a sentence: a chart, a choice. The compiler holds them complete.
 */
import { type OutcomeCode, OUTCOMES } from "../../endpoint/outcomes.js";

const LABELS = {
  delivered: "Accepted",
  http_408: "Request took too long (408)",
  http_410: "Gone (410)",
  http_421: "Wrong connection (421)",
  http_425: "Too early (425)",
  http_429: "Too many requests (429)",
  http_4xx: "Refused (4xx)",
  http_4xx_later: "Not now (4xx)",
  http_5xx: "Failed (5xx)",
  http_unknown_status: "Unknown HTTP status",
  redirect_not_followed: "Redirect",
  timeout_connect: "No connection in time",
  timeout_headers: "No answer in time",
  timeout_total: "Waited for a connection",
  connection_refused: "Connection refused",
  connection_reset: "Connection reset",
  connection_closed: "Closed without an answer",
  connection_failed: "No connection",
  response_headers_too_large: "Answer headers too large",
  protocol_error: "No valid HTTP answer",
  dns_not_found: "Host name not found",
  dns_temporary: "Name server failed",
  dns_timeout: "Host name not resolved in time",
  destination_blocked: "Address not public",
  destination_own: "Our own address",
  tls_name_mismatch: "Certificate of another host",
  tls_untrusted: "Certificate not trusted",
  tls_expired: "Certificate expired",
  tls_protocol: "No TLS version in common",
  tls_handshake_closed: "Closed during the TLS handshake",
  mtls_rejected: "Client certificate refused",
  mtls_possibly_rejected: "Client certificate possibly refused",
  client_certificate_mismatch: "Client key of another certificate",
  client_certificate_invalid: "Client certificate not readable",
  filter_failed: "Filter failed",
  target_refused: "URL not allowed",
  request_invalid: "Header not allowed",
  oauth_token_unavailable: "No access token",
  oauth_client_refused: "OAuth2 client refused",
  oauth_token_url_refused: "Token URL not allowed",
  resolver_unavailable: "Our name server failed",
  sockets_exhausted: "We ran out of connections",
  resources_exhausted: "We ran out of resources",
  interrupted: "We stopped",
  internal_error: "We failed",
} as const satisfies Record<OutcomeCode, string>;

/** Undefined for a code that this release does not know: another release recorded it. */
export const outcomeLabel = (code: string): string | undefined => (isKnown(code) ? LABELS[code] : undefined);

const isKnown = (code: string): code is OutcomeCode => Object.hasOwn(OUTCOMES, code);
