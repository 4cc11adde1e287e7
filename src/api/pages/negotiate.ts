/** Who reads an answer: a person in a browser, or a program. */
import type { IncomingMessage } from "node:http";
import Negotiator from "negotiator";

/** In the order in which we prefer them where the client takes all alike. */
const PROBLEM_TYPES = ["application/problem+json", "application/json", "text/html"];

/**
 * Whether a person reads the answer (RFC 9110, 12.5.1): the client prefers HTML, and it navigates. A script of a page
 * may ask for HTML too, but its browser says that it is no navigation (Fetch Metadata). `*\/*`, which programs send,
 * gets JSON.
 */
export function wantsPage({ headers }: Pick<IncomingMessage, "headers">): boolean {
  // Most programs name no HTML: they pay for no parsing.
  if (!headers.accept?.includes("text/")) return false;
  if ((headers["sec-fetch-mode"] ?? "navigate") !== "navigate") return false;
  return new Negotiator({ headers: { accept: headers.accept } }).mediaType(PROBLEM_TYPES) === "text/html";
}
