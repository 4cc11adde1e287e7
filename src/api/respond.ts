/** Writing answers: the same security headers on each, and problems as RFC 9457 documents. */
import type { ServerResponse } from "node:http";
import { headersOf, problemOf, type Refusal } from "./errors.js";

/** On every answer. There is nothing to frame, sniff, cache or refer to in an API; the portal loosens none of it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Writes a JSON answer. Headers that were set before, such as rate limits, go with it. */
export function sendJson(response: ServerResponse, status: number, body: unknown, headers?: Record<string, string>): void {
  send(response, status, body === undefined ? "" : JSON.stringify(body), body === undefined ? headers : { "content-type": "application/json", ...headers });
}

/** Writes a problem. */
export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const problem = problemOf(refusal);
  problemCodes.set(response, problem.code);
  send(response, problem.status, JSON.stringify(problem), headersOf(refusal));
}

/** The problem code that was answered, for the log line. */
export const problemCodeOf = (response: ServerResponse): string | undefined => problemCodes.get(response);
const problemCodes = new WeakMap<ServerResponse, string>();

/** Writes an answer in one piece. */
export function send(response: ServerResponse, status: number, body: string | Buffer, headers?: Record<string, string>): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...SECURITY_HEADERS, ...(status !== 204 && { "content-length": Buffer.byteLength(body) }), ...headers });
  response.end(body);
}
