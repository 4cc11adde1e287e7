/**
 * Every outcome of an attempt: what it means for the delivery, in plain words, and what to do about it. The only such
 * table.
 */
import type { OutcomeClass, OutcomeRow } from "./outcome-row.js";

const CERTIFICATE = "Check the certificate that the endpoint presents, with its intermediate certificates.";
const NETWORK = "Check that the endpoint is reachable from the internet and that a firewall lets our addresses in.";
const CLIENT_CERTIFICATE =
  "Check that the endpoint trusts the authority of the client certificate saved with the " +
  "subscription, and that the certificate is valid for client authentication.";
const OPERATOR = "Nothing is wrong with the endpoint; the delivery goes on by itself once our operator has solved it.";

export const OUTCOMES = {
  delivered: { class: "delivered", fault: "nobody", explanation: "The endpoint accepted the event.", hint: "" },

  http_408: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint said that the request took too long.",
    hint: "Check the load of the endpoint and the time-outs of the proxies before it.",
  },
  http_421: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint said that this connection is not the right one; the next attempt opens a new one.",
    hint: "Check that the proxies before the endpoint serve the host name of the URL on every connection.",
  },
  http_425: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint did not want the request so early in the connection.",
    hint: "Nothing has to be done unless it goes on: then see the proxies before the endpoint (RFC 8470).",
  },
  http_429: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint is receiving too many requests.",
    hint: "Set a rate limit on the subscription, or answer with Retry-After.",
  },
  http_4xx_later: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint did not take the event now: its answer says when to come again, or that it was busy.",
    hint: "See the response body. To refuse an event for good, answer with 400 or 422, without Retry-After.",
  },
  http_5xx: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint failed.",
    hint:
      "See the logs of the endpoint for this time; the response body, when there is one, is " +
      "recorded with the attempt.",
  },
  http_unknown_status: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint answered with a status that HTTP does not define.",
    hint: "Answer with a status from 200 to 299 once the event is safe.",
  },
  http_4xx: {
    class: "park",
    fault: "endpoint",
    explanation: "The endpoint refused the event.",
    hint: "See the response body for the reason; correct the endpoint or the subscription, then retry the delivery.",
  },
  redirect_not_followed: {
    class: "park",
    fault: "settings",
    explanation: "The endpoint answered with a redirect; webhooks are never redirected.",
    hint: "Save the final URL in the subscription, then retry the delivery.",
  },
  http_410: {
    class: "disable",
    fault: "endpoint",
    explanation: "The endpoint said that it is gone for good.",
    hint: "Resume the subscription once the endpoint exists again.",
  },

  timeout_connect: {
    class: "retry",
    fault: "endpoint",
    explanation: "No connection, or no TLS handshake, within the time allowed.",
    hint: NETWORK,
  },
  timeout_headers: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint did not answer within the time allowed.",
    hint: "Store the event, answer at once, and process it afterwards.",
  },
  connection_refused: {
    class: "retry",
    fault: "endpoint",
    explanation: "Nothing accepts connections at this address and port.",
    hint: "Check that the endpoint is running and that the port of the URL is right.",
  },
  connection_reset: {
    class: "retry",
    fault: "endpoint",
    explanation: "The connection was reset.",
    hint: "See the logs of the endpoint and of the proxies before it.",
  },
  connection_closed: {
    class: "retry",
    fault: "endpoint",
    explanation: "The connection was closed without an answer.",
    hint:
      "See the logs of the endpoint and of the proxies before it. An endpoint that demands a " +
      "client certificate closes like this when none is saved with the subscription.",
  },
  connection_failed: { class: "retry", fault: "endpoint", explanation: "No connection could be made.", hint: NETWORK },
  response_headers_too_large: {
    class: "retry",
    fault: "endpoint",
    explanation: "The headers of the answer exceed 16 KiB.",
    hint: "Answer with fewer or shorter headers.",
  },
  protocol_error: {
    class: "retry",
    fault: "endpoint",
    explanation: "The answer was not valid HTTP/1.1, or broke off within its headers.",
    hint: "Check that the URL names an HTTP endpoint and that nothing between us changes its answers.",
  },

  dns_not_found: {
    class: "retry",
    fault: "endpoint",
    explanation: "The host name does not exist or has no address.",
    hint: "Check the host name in the URL and its DNS records.",
  },
  dns_temporary: {
    class: "retry",
    fault: "endpoint",
    explanation: "The name server for the host failed.",
    hint: "Check the name servers of the domain.",
  },
  dns_timeout: {
    class: "retry",
    fault: "endpoint",
    explanation: "The host name was not resolved in time.",
    hint: "Check the name servers of the domain.",
  },
  destination_blocked: {
    class: "retry",
    fault: "endpoint",
    explanation: "The host name resolves to an address that is not public; nothing was sent.",
    hint: "Check the DNS records of the host: every address must be public.",
  },
  destination_own: {
    class: "retry",
    fault: "endpoint",
    explanation: "The host name resolves to this service itself; nothing was sent.",
    hint:
      "Check the DNS records of the host. An endpoint that receives events must not be the " +
      "address that they are published to.",
  },

  tls_name_mismatch: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint's certificate is for another host name, or the endpoint does not know the host name.",
    hint: CERTIFICATE,
  },
  tls_untrusted: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint's certificate is not from a trusted authority.",
    hint: `${CERTIFICATE} A private authority can be saved with the subscription.`,
  },
  tls_expired: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint's certificate has expired or is not valid yet.",
    hint: CERTIFICATE,
  },
  tls_protocol: {
    class: "retry",
    fault: "endpoint",
    explanation: "No TLS version or cipher in common, or the endpoint does not speak TLS.",
    hint: "Offer TLS 1.3, or allow TLS 1.2 in the subscription.",
  },
  tls_handshake_closed: {
    class: "retry",
    fault: "endpoint",
    explanation: "The endpoint closed the connection during the TLS handshake.",
    hint:
      "See the TLS logs of the endpoint and of the proxies before it. Some servers close like " +
      "this when they reject a client certificate.",
  },
  mtls_rejected: {
    class: "retry",
    fault: "settings",
    explanation: "The endpoint refused our client certificate, or demands one and none is saved.",
    hint: `${CLIENT_CERTIFICATE} If it uses none at all, check that it offers a common cipher.`,
  },
  mtls_possibly_rejected: {
    class: "retry",
    fault: "settings",
    explanation:
      "The endpoint closed a new TLS 1.3 connection without an answer: possibly it rejected our client certificate.",
    hint: CLIENT_CERTIFICATE,
  },

  client_certificate_mismatch: {
    class: "park",
    fault: "settings",
    explanation: "The client key saved with the subscription does not belong to its certificate.",
    hint: "Save certificate and key again, then retry the delivery.",
  },
  client_certificate_invalid: {
    class: "park",
    fault: "settings",
    explanation: "The client certificate, key or authority saved with the subscription cannot be read.",
    hint: "Save them again, then retry the delivery.",
  },
  filter_failed: {
    class: "park",
    fault: "settings",
    explanation: "The subscription's filter could not tell whether it wants the event; nothing was sent.",
    hint: "Correct the filter (POST /v1/filters/test tries it), then retry the delivery, which sends it, or cancel it.",
  },
  target_refused: {
    class: "park",
    fault: "settings",
    explanation: "The URL of the subscription may not be called.",
    hint: "Save a public https URL, then retry the delivery.",
  },
  request_invalid: {
    class: "park",
    fault: "settings",
    explanation: "The request cannot be written: a header holds characters that HTTP does not allow.",
    hint: "Check the header saved as the subscription's authentication, then retry the delivery.",
  },

  oauth_token_unavailable: {
    class: "retry",
    fault: "endpoint",
    explanation: "The authorization server gave no access token; nothing was sent to the endpoint.",
    hint:
      "Check that the token URL of the subscription's authentication is reachable and answers " +
      "with a Bearer token (RFC 6749, 5.1).",
  },
  oauth_client_refused: {
    class: "park",
    fault: "settings",
    explanation:
      "The authorization server refused the client of the subscription's authentication; nothing " +
      "was sent to the endpoint.",
    hint:
      "Check client id, client secret, scope and audience, and how the client proves itself " +
      "(`clientAuth`), then retry the delivery.",
  },
  oauth_token_url_refused: {
    class: "park",
    fault: "settings",
    explanation: "The token URL of the subscription's authentication may not be called.",
    hint: "Save a public https URL, then retry the delivery.",
  },

  timeout_total: {
    class: "ours",
    fault: "endpoint",
    explanation:
      "The request waited for a connection and was not sent; earlier requests to the endpoint kept all of them busy.",
    hint: "Answer faster, or set a rate limit on the subscription. No attempt was spent.",
  },
  resolver_unavailable: {
    class: "ours",
    fault: "ours",
    explanation: "Our own name server did not answer, so no host name could be resolved.",
    hint: OPERATOR,
  },
  sockets_exhausted: { class: "ours", fault: "ours", explanation: "We ran out of connections.", hint: OPERATOR },
  resources_exhausted: {
    class: "ours",
    fault: "ours",
    explanation: "We ran out of memory, ports or file descriptors.",
    hint: OPERATOR,
  },
  interrupted: {
    class: "ours",
    fault: "ours",
    explanation: "We stopped before the attempt was finished.",
    hint: OPERATOR,
  },
  internal_error: {
    class: "ours",
    fault: "ours",
    explanation: "We failed in a way that we did not foresee.",
    hint: OPERATOR,
  },
} as const satisfies Record<string, OutcomeRow>;

export type OutcomeCode = keyof typeof OUTCOMES;

/** The codes of one class. */
export type CodeOf<C extends OutcomeClass> = {
  [K in OutcomeCode]: (typeof OUTCOMES)[K]["class"] extends C ? K : never;
}[OutcomeCode];
