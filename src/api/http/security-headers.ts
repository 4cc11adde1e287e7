/**
 * The security headers of every answer. Helmet makes them once. Most answers go past Express, as a publish takes only
 * 0.06 ms of CPU. Headers that never change need not be made for each.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import helmet, { type HelmetOptions } from "helmet";

/** A year, as the preload list of browsers asks for. */
const HSTS = { maxAge: 31_536_000, includeSubDomains: true };

function headersFrom(options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const collector = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader: (name: string) => void delete headers[name.toLowerCase()],
  } as unknown as ServerResponse;
  helmet(options)({} as IncomingMessage, collector, (error?: unknown) => {
    if (error !== undefined) throw error instanceof Error ? error : new Error("Helmet refused its options.");
  });
  return headers;
}

type Directives = Record<string, string[]>;

/** Of an answer: there is nothing to frame, sniff, cache or refer to in an API. */
const API_POLICY: Directives = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  objectSrc: ["'none'"],
};
/** Of a page: no script at all, and one stylesheet from here. */
const PAGE_POLICY: Directives = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};
/** Of the portal: scripts and styles from here alone, and no text that becomes a script (Trusted Types). */
const PORTAL_POLICY: Directives = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
};

function securityHeaders(
  directives: Directives,
  referrerPolicy: "no-referrer" | "same-origin",
  openerPolicy: "same-origin" | "same-origin-allow-popups" = "same-origin",
): Readonly<Record<string, string>> {
  return {
    ...headersFrom({
      contentSecurityPolicy: { useDefaults: false, directives },
      referrerPolicy: { policy: referrerPolicy },
      crossOriginOpenerPolicy: { policy: openerPolicy },
      strictTransportSecurity: HSTS,
      frameguard: { action: "deny" },
      // For browsers that nobody has had for ten years. Every answer would carry them.
      xDownloadOptions: false,
      xDnsPrefetchControl: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
    "cache-control": "no-store",
  };
}

/** On every answer. */
export const SECURITY_HEADERS = securityHeaders(API_POLICY, "no-referrer");

/**
 * On every page. With `no-referrer` a browser would send the form of a page with `Origin: null` (Fetch, 3.2), which is
 * refused.
 */
export const PAGE_HEADERS = securityHeaders(PAGE_POLICY, "same-origin");

/** On the portal's page and its files. */
export const PORTAL_HEADERS = securityHeaders(PORTAL_POLICY, "same-origin");

/**
 * On the page that chooses a connection. Browsers hold the redirect of a form to the identity provider against
 * `form-action` as well.
 */
export const CHOOSER_HEADERS = securityHeaders(
  { ...PAGE_POLICY, formAction: ["'self'", "https:", "http://127.0.0.1:*", "http://localhost:*"] },
  "same-origin",
);

/**
 * For the page that posts a message to an identity provider. It may post one form to this origin and nowhere else. It
 * may run one script, under a nonce that is used once.
 */
export const postFormHeaders = (origin: string, nonce: string): Readonly<Record<string, string>> =>
  securityHeaders({ ...PAGE_POLICY, scriptSrc: [`'nonce-${nonce}'`], formAction: [origin] }, "same-origin");

/**
 * On every answer of the Temporal UI, which gives each its own content security policy. Its pages may open others of
 * this origin, and a window that they could reach into would lend them its policy. An opener policy that differs from
 * that of all other answers cuts that tie (HTML, 7.1.3).
 */
export const TEMPORAL_UI_HEADERS = securityHeaders(PAGE_POLICY, "same-origin", "same-origin-allow-popups");
