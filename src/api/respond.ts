/** Writing answers: the same security headers on each, and problems as RFC 9457 documents. */
import type { ServerResponse } from "node:http";
import { headersOf, problemOf, type Refusal } from "./errors.js";
import { SECURITY_HEADERS } from "./security-headers.js";

/** Writes a JSON answer. Headers that were set before, such as rate limits, go with it. */
export function sendJson(response: ServerResponse, status: number, body: unknown, headers?: Record<string, string>): void {
  send(response, status, body === undefined ? "" : JSON.stringify(body), body === undefined ? headers : { "content-type": "application/json", ...headers });
}

/** Writes a problem. */
export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const problem = problemOf(refusal);
  noteProblem(response, problem.code);
  send(response, problem.status, JSON.stringify(problem), headersOf(refusal));
}

/** The problem code that was answered, for the log line. */
export const problemCodeOf = (response: ServerResponse): string | undefined => problemCodes.get(response);
export const noteProblem = (response: ServerResponse, code: string): void => void problemCodes.set(response, code);
const problemCodes = new WeakMap<ServerResponse, string>();

/** Writes an answer in one piece. */
export function send(response: ServerResponse, status: number, body: string | Buffer, headers?: Record<string, string>): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...SECURITY_HEADERS, ...(status !== 204 && { "content-length": Buffer.byteLength(body) }), ...headers });
  response.end(body);
}
