/**
 * What the Temporal UI's pages may do in a browser. They are foreign script on our own origin, so a session's cookie
 * would let them call everything here. They reach /temporal/ and /codec/ and nothing else.
 */
import { createHash } from "node:crypto";
import { TEMPORAL_UI_HEADERS } from "../http/security-headers.js";
import { TEMPORAL_UI_PATH, type UiRequest } from "./rules.js";

export interface PolicyOptions {
  /** Of the service, as browsers see it. */
  origin: string;
  kind: UiRequest["kind"];
  /** The page. Its inline scripts are the only ones that run. */
  html?: string;
  /** The policy that the UI sends itself: the frame that shows Markdown has one with nonces. */
  own?: string | undefined;
}

/**
 * Headers of every answer below /temporal/. The UI's own policy stays in force beside ours: what either forbids is
 * forbidden.
 */
export function policyHeaders({ origin, kind, html, own }: PolicyOptions): Record<string, string> {
  const framed = kind === "rendered";
  const policy = framed
    ? RENDERED
    : pagePolicy(`${origin}${TEMPORAL_UI_PATH}`, `${origin}/codec/`, html === undefined ? [] : scriptHashes(html));
  return {
    ...TEMPORAL_UI_HEADERS,
    "content-security-policy": own === undefined ? policy : `${policy}, ${own}`,
    // Only the UI's own page frames the Markdown.
    ...(framed && { "x-frame-options": "SAMEORIGIN" }),
  };
}

/** The frame has no script. Its nonces stand in the UI's own policy. */
const RENDERED =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const pagePolicy = (ui: string, codec: string, hashes: readonly string[]): string =>
  [
    "default-src 'none'",
    ["script-src", `${ui}/_app/`, ...hashes.map((hash) => `'${hash}'`)].join(" "),
    // The UI writes style attributes and, for its editor, style elements.
    `style-src ${ui}/ 'unsafe-inline'`,
    `img-src ${ui}/ data:`,
    `font-src ${ui}/ data:`,
    `manifest-src ${ui}/`,
    `frame-src ${ui}/render`,
    `connect-src ${ui}/ ${codec}`,
    "worker-src 'none'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** `sha256-…` of each inline script: a static page of the UI's server has one, which starts the application. */
function scriptHashes(html: string): string[] {
  return [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, text = ""]) => `sha256-${createHash("sha256").update(text).digest("base64")}`,
  );
}
