/** What each outcome does with its delivery, and who can end it. The words are only looked at for their form. */
import { describe, expect, test } from "vitest";
import type { Fault, OutcomeClass } from "../../src/endpoint/outcome-row.js";
import { OUTCOMES } from "../../src/endpoint/outcomes.js";

const sorted = (codes: string) => codes.split(/\s+/).sort();
const codesWith = (column: "class" | "fault", value: OutcomeClass | Fault) =>
  Object.entries(OUTCOMES)
    .filter(([, row]) => row[column] === value)
    .map(([code]) => code)
    .sort();

describe("what becomes of the delivery", () => {
  test.each<[OutcomeClass, string]>([
    ["delivered", "delivered"],
    [
      "retry",
      "http_408 http_421 http_425 http_429 http_4xx_later http_5xx http_unknown_status timeout_connect " +
        "timeout_headers connection_refused connection_reset connection_closed connection_failed " +
        "response_headers_too_large protocol_error dns_not_found dns_temporary dns_timeout destination_blocked " +
        "destination_own tls_name_mismatch tls_untrusted tls_expired tls_protocol tls_handshake_closed mtls_rejected " +
        "mtls_possibly_rejected oauth_token_unavailable",
    ],
    [
      "park",
      "http_4xx redirect_not_followed client_certificate_mismatch client_certificate_invalid filter_failed " +
        "target_refused request_invalid oauth_client_refused oauth_token_url_refused",
    ],
    ["disable", "http_410"],
    ["ours", "timeout_total resolver_unavailable sockets_exhausted resources_exhausted interrupted internal_error"],
  ])("%s", (value, codes) => {
    expect(codesWith("class", value)).toEqual(sorted(codes));
  });
});

describe("who can end it", () => {
  test.each<[Fault, string]>([
    ["nobody", "delivered"],
    [
      "settings",
      "redirect_not_followed mtls_rejected mtls_possibly_rejected client_certificate_mismatch " +
        "client_certificate_invalid filter_failed target_refused request_invalid oauth_client_refused " +
        "oauth_token_url_refused",
    ],
    ["ours", "resolver_unavailable sockets_exhausted resources_exhausted interrupted internal_error"],
  ])("%s", (value, codes) => {
    expect(codesWith("fault", value)).toEqual(sorted(codes));
  });

  test("and of all others the people who run the endpoint", () => {
    const others = [...codesWith("fault", "nobody"), ...codesWith("fault", "settings"), ...codesWith("fault", "ours")];
    const codes = Object.keys(OUTCOMES).filter((code) => !others.includes(code));
    expect(codesWith("fault", "endpoint")).toEqual(codes.sort());
  });
});

test("there are words for every outcome, ending in a full stop and without an address", () => {
  for (const [code, row] of Object.entries(OUTCOMES)) {
    expect(row.explanation, code).toMatch(/^[A-Z][^]+\.$/);
    if (row.class !== "delivered") expect(row.hint, code).toMatch(/^[A-Z][^]+\.$/);
    expect(row.explanation + row.hint, code).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  }
});

test("there is nothing to do about what was delivered", () => {
  expect(OUTCOMES.delivered.hint).toBe("");
});
