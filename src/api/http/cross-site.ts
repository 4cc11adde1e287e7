/**
 * Whether a request that a session's cookie vouches for comes from a page of another site (CSRF). A key in the header
 * proves that it does not.
 */
import type { IncomingMessage } from "node:http";

const SAFE = new Set(["GET", "HEAD"]);

/**
 * True for what must be refused. A change needs an Origin that is ours. Where a browser sends none, it needs
 * `Sec-Fetch-Site: same-origin`. An opaque origin (`null`) is never ours. A GET changes nothing, and its answer cannot
 * be read elsewhere. Still only a person's own navigation may come from elsewhere, so that no page can measure what it
 * cannot read.
 */
export function isCrossSite(
  { method, headers }: Pick<IncomingMessage, "method" | "headers">,
  origins: readonly string[],
): boolean {
  const { origin, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination } = headers;
  if (origin !== undefined && !origins.includes(origin)) return true;
  if (origin !== undefined) return false;
  if (!SAFE.has(method ?? "")) return site !== "same-origin";
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return mode !== "navigate" || destination !== "document";
}
