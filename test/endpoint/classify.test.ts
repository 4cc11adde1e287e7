import { describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { OUTCOMES } from "../../src/endpoint/outcomes.js";
import type { Exchange } from "../../src/endpoint/send.js";

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);
const observed = { durationMs: 1, timings: {}, freshSocket: false, clientCertificateSent: false };
const response = (status: number, headers: Record<string, string> = {}): Exchange => ({
  kind: "response",
  status,
  headers,
  body: new Uint8Array(0),
  truncated: false,
  ...observed,
});
type Failure = Extract<Exchange, { kind: "failure" }>;
const failure = (error: string, over: Partial<Failure> = {}): Exchange => ({
  kind: "failure",
  error,
  phase: "request",
  responseStarted: false,
  ...observed,
  ...over,
});

describe("a status", () => {
  test.each([
    [101, "retry", "http_unknown_status"],
    [199, "retry", "http_unknown_status"],
    [200, "delivered", "delivered"],
    [201, "delivered", "delivered"],
    [204, "delivered", "delivered"],
    [299, "delivered", "delivered"],
    [300, "park", "redirect_not_followed"],
    [304, "park", "redirect_not_followed"],
    [308, "park", "redirect_not_followed"],
    [399, "park", "redirect_not_followed"],
    [400, "park", "http_4xx"],
    [401, "park", "http_4xx"],
    [404, "park", "http_4xx"],
    [407, "park", "http_4xx"],
    [409, "park", "http_4xx"],
    [422, "park", "http_4xx"],
    [498, "park", "http_4xx"],
    [420, "retry", "http_4xx_later"],
    [423, "retry", "http_4xx_later"],
    [449, "retry", "http_4xx_later"],
    [460, "retry", "http_4xx_later"],
    [499, "retry", "http_4xx_later"],
    [408, "retry", "http_408"],
    [421, "retry", "http_421"],
    [425, "retry", "http_425"],
    [429, "retry", "http_429"],
    [410, "disable", "http_410"],
    [500, "retry", "http_5xx"],
    [503, "retry", "http_5xx"],
    [599, "retry", "http_5xx"],
    [600, "retry", "http_unknown_status"],
    [999, "retry", "http_unknown_status"],
  ])("%i means %s, %s", (status, outcomeClass, code) => {
    expect(classify(response(status), NOW)).toMatchObject({ class: outcomeClass, code });
  });
  test("of every number means something that the table holds", () => {
    for (let status = 200; status <= 999; status++) {
      const outcome = classify(response(status), NOW);
      expect(OUTCOMES[outcome.code].class).toBe(outcome.class);
      expect(outcome.class === "delivered").toBe(status < 300);
    }
  });
});

describe("Retry-After", () => {
  test.each([429, 503, 500, 502, 504, 599, 408, 421, 423, 425, 499, 600])(
    "of a %i pauses the subscription, a bad one does not",
    (status) => {
      expect(classify(response(status, { "retry-after": "120" }), NOW)).toMatchObject({
        class: "retry",
        retryAfterMs: 120_000,
        pausesBucket: true,
      });
      for (const headers of [{ "retry-after": "soon" }, {}]) {
        const outcome = classify(response(status, headers), NOW);
        expect(outcome).toMatchObject({ class: "retry", pausesBucket: false });
        expect(outcome).not.toHaveProperty("retryAfterMs");
      }
    },
  );
  test.each([403, 409, 413, 424, 430])(
    "of a %i makes it one for later, and without it or with a bad one it is parked",
    (status) => {
      expect(classify(response(status, { "retry-after": "120" }), NOW)).toEqual({
        class: "retry",
        code: "http_4xx_later",
        retryAfterMs: 120_000,
        pausesBucket: true,
      });
      for (const headers of [{}, { "retry-after": "soon" }, { "retry-after": "-5" }])
        expect(classify(response(status, headers), NOW)).toEqual({ class: "park", code: "http_4xx" });
    },
  );
  test("is what the end of a limit stands for where it is missing", () => {
    expect(classify(response(429, { "ratelimit-reset": "120" }), NOW)).toEqual({
      class: "retry",
      code: "http_429",
      retryAfterMs: 120_000,
      pausesBucket: true,
    });
    expect(classify(response(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "120" }), NOW)).toEqual({
      class: "retry",
      code: "http_4xx_later",
      retryAfterMs: 120_000,
      pausesBucket: true,
    });
    const unlimited = { "x-ratelimit-remaining": "7", "x-ratelimit-reset": "120" };
    expect(classify(response(403, unlimited), NOW)).toEqual({ class: "park", code: "http_4xx" });
    expect(classify(response(503, unlimited), NOW)).toEqual({ class: "retry", code: "http_5xx", pausesBucket: false });
  });
  test.each([200, 400, 401, 404, 410, 422, 301])("of a %i means nothing", (status) => {
    expect(classify(response(status, { "retry-after": "120" }), NOW)).toEqual(classify(response(status), NOW));
  });
});

describe("a failure", () => {
  test("waits as long as the server asks that was needed for it, where it is tried again at all", () => {
    expect(classify(failure("oauth_token_unavailable", { phase: "configure", askedWaitMs: 60_000 }), NOW)).toEqual({
      class: "retry",
      code: "oauth_token_unavailable",
      retryAfterMs: 60_000,
      pausesBucket: true,
    });
    expect(classify(failure("oauth_client_refused", { phase: "configure", askedWaitMs: 60_000 }), NOW)).toEqual({
      class: "park",
      code: "oauth_client_refused",
    });
  });
  const connect = { phase: "connect" } as const;
  test.each<[string, Partial<Failure>, string]>([
    ["UND_ERR_CONNECT_TIMEOUT", connect, "timeout_connect"],
    ["ETIMEDOUT", connect, "timeout_connect"],
    ["ECONNREFUSED", connect, "connection_refused"],
    ["ECONNRESET", connect, "tls_handshake_closed"],
    ["ECONNRESET", {}, "connection_reset"],
    ["EPIPE", {}, "connection_reset"],
    ["UND_ERR_SOCKET", {}, "connection_closed"],
    ["UND_ERR_SOCKET", { responseStarted: true }, "protocol_error"],
    ["ECONNRESET", { responseStarted: true }, "connection_reset"],
    ["EHOSTUNREACH", connect, "connection_failed"],
    ["ENETUNREACH", connect, "connection_failed"],
    ["UND_ERR_HEADERS_OVERFLOW", {}, "response_headers_too_large"],
    ["HPE_INVALID_CONSTANT", {}, "protocol_error"],
    ["HTTPParserError", {}, "protocol_error"],
    ["ERR_ASSERTION", {}, "protocol_error"],
    ["ENOTFOUND", connect, "dns_not_found"],
    ["EAI_AGAIN", connect, "dns_temporary"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", connect, "tls_name_mismatch"],
    ["CERT_HAS_EXPIRED", connect, "tls_expired"],
    ["CERT_NOT_YET_VALID", connect, "tls_expired"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", connect, "tls_untrusted"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", connect, "tls_untrusted"],
    ["SELF_SIGNED_CERT_IN_CHAIN", connect, "tls_untrusted"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", connect, "tls_untrusted"],
    ["CERT_REVOKED", connect, "tls_untrusted"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", connect, "tls_protocol"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", connect, "tls_protocol"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", connect, "mtls_rejected"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", connect, "mtls_rejected"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", connect, "mtls_rejected"],
    ["ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", connect, "mtls_rejected"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", {}, "mtls_rejected"],
    ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", connect, "client_certificate_mismatch"],
    ["EMFILE", connect, "resources_exhausted"],
    ["ENFILE", connect, "resources_exhausted"],
    ["EADDRNOTAVAIL", connect, "resources_exhausted"],
    ["ENOBUFS", {}, "resources_exhausted"],
    ["UND_ERR_DESTROYED", {}, "interrupted"],
    ["TypeError", connect, "internal_error"],
    ["ERR_INVALID_ARG_TYPE", {}, "internal_error"],
    ["UND_ERR_SOMETHING_NEW", {}, "connection_failed"],
    ["UND_ERR_SOMETHING_NEW", connect, "connection_failed"],
    ["UND_ERR_HEADERS_TIMEOUT", {}, "timeout_headers"],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", {}, "protocol_error"],
    ["UND_ERR_INVALID_ARG", {}, "request_invalid"],
    ["UND_ERR_CLOSED", {}, "interrupted"],
    ["UND_ERR_ABORTED", {}, "interrupted"],
    ["ENOMEM", {}, "resources_exhausted"],
    ["ERR_WORKER_OUT_OF_MEMORY", {}, "resources_exhausted"],
    ["ECONNABORTED", {}, "connection_reset"],
    ["EPIPE", connect, "tls_handshake_closed"],
    ["ERR_SSL_TLSV1_UNRECOGNIZED_NAME", connect, "tls_name_mismatch"],
    ["ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME", connect, "tls_name_mismatch"],
    ["ERR_SSL_TLSV1_UNRECOGNIZED_NAME_LATER", connect, "tls_protocol"],
    ["X_ERR_SSL_TLSV1_UNRECOGNIZED_NAME", {}, "connection_failed"],
    ["ERR_TLS_HANDSHAKE_TIMEOUT", connect, "tls_protocol"],
    // The alert 114 is about a hash in the answer to an OCSP request.
    ["ERR_SSL_TLSV1_ALERT_BAD_CERTIFICATE_HASH_VALUE", connect, "tls_protocol"],
    ["ERR_SSL_X_ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", connect, "tls_protocol"],
    ["ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", connect, "tls_protocol"],
    ["ERR_INVALID_ARG_TYPE", connect, "internal_error"],
    ["A_TypeError_OF", {}, "connection_failed"],
    ["AN_ERR_OF", {}, "connection_failed"],
    ["AN_HPE_OF", {}, "connection_failed"],
    ["HPE_INVALID_CONSTANT", connect, "protocol_error"],
    ["CERT_REVOKED", {}, "connection_failed"],
    ["CERT_REVOKED_2", connect, "connection_failed"],
    ["2_CERT_REVOKED", connect, "connection_failed"],
    ["CERT_", connect, "connection_failed"],
  ])("%s %o is %s", (error, over, code) => {
    expect(classify(failure(error, over), NOW)).toMatchObject({
      code,
      class: OUTCOMES[code as keyof typeof OUTCOMES].class,
    });
  });

  test.each(
    (
      "timeout_connect timeout_headers timeout_total dns_not_found dns_temporary dns_timeout destination_blocked " +
      "destination_own target_refused client_certificate_mismatch client_certificate_invalid request_invalid " +
      "oauth_token_unavailable oauth_client_refused oauth_token_url_refused sockets_exhausted interrupted " +
      "resolver_unavailable"
    ).split(" "),
  )("that we call %s ourselves is that", (code) => {
    expect(classify(failure(code), NOW)).toMatchObject({ code, class: OUTCOMES[code as keyof typeof OUTCOMES].class });
  });
  test.each([
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "SSLV3_ALERT_NO_CERTIFICATE",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "TLSV1_ALERT_CERTIFICATE_UNKNOWN",
    "TLSV1_ALERT_ACCESS_DENIED",
  ])("by the alert %s is a refused client certificate", (alert) => {
    expect(classify(failure(`ERR_SSL_${alert}`, connect), NOW)).toMatchObject({ code: "mtls_rejected" });
  });

  const fresh = { freshSocket: true, tlsProtocol: "TLSv1.3", clientCertificateSent: true };
  test.each<[string, Partial<Failure>, string]>([
    ["new, TLS 1.3, with a certificate", fresh, "mtls_possibly_rejected"],
    ["used before", { ...fresh, freshSocket: false }, "connection_closed"],
    ["TLS 1.2", { ...fresh, tlsProtocol: "TLSv1.2" }, "connection_closed"],
    ["without a certificate", { ...fresh, clientCertificateSent: false }, "connection_closed"],
    ["within the answer", { ...fresh, responseStarted: true }, "protocol_error"],
    ["while connecting", { ...fresh, phase: "connect" }, "tls_handshake_closed"],
  ])("a connection closed without an answer, %s: %s", (_name, over, code) => {
    expect(classify(failure("UND_ERR_SOCKET", over), NOW)).toMatchObject({ class: "retry", code });
  });
});
