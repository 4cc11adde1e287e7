/** Writing answers: the same security headers on each, and problems as RFC 9457 documents or, for people, as pages. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { headersOf, problemOf } from "./errors.js";
import { PROBLEMS } from "./problem-codes.js";
import { framed } from "../pages/frame.js";
import { wantsPage } from "../pages/negotiate.js";
import { type PageRefusal, refusalPage } from "../pages/refusal-page.js";
import { PAGE_HEADERS, SECURITY_HEADERS } from "./security-headers.js";
import { endUnread, isBodyUnread } from "./unread-body.js";

/** Writes a JSON answer. Headers that were set before, such as rate limits, go with it. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  send(
    response,
    status,
    body === undefined ? "" : JSON.stringify(body),
    body === undefined ? headers : { "content-type": "application/json", ...headers },
  );
}

/** Writes a problem: as a page where a person asked, as a problem document everywhere else. */
export function sendRefusal(response: ServerResponse, refusal: PageRefusal): void {
  noteProblem(response, refusal.refused);
  const { body, headers } = writtenRefusal(refusal, response.req);
  send(response, PROBLEMS[refusal.refused].status, body, headers);
}

/** Body and headers of a problem, for a request as far as it is known. */
export function writtenRefusal(
  refusal: PageRefusal,
  request: Pick<IncomingMessage, "headers" | "method" | "url">,
): { body: string; headers: Record<string, string> } {
  const headers = headersOf(refusal);
  if (!wantsPage(request)) return { body: JSON.stringify(problemOf(refusal)), headers };
  return {
    body: framed(refusalPage(refusal, request)).text,
    headers: { ...PAGE_HEADERS, ...headers, "content-type": "text/html; charset=utf-8" },
  };
}

/** The problem code that was answered, for the log line. */
export const problemCodeOf = (response: ServerResponse): string | undefined => problemCodes.get(response);
export const noteProblem = (response: ServerResponse, code: string): void => void problemCodes.set(response, code);
const problemCodes = new WeakMap<ServerResponse, string>();

/** An answer that needs no line in the log. */
export const noteRoutine = (response: ServerResponse): void => void routine.add(response);
export const isRoutine = (response: ServerResponse): boolean => routine.has(response);
const routine = new WeakSet<ServerResponse>();

/** Writes an answer in one piece. */
export function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers?: Record<string, string>,
): void {
  if (response.headersSent || response.destroyed) return;
  const unread = isBodyUnread(response.req);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...(status !== 204 && status !== 304 && { "content-length": Buffer.byteLength(body) }),
    ...headers,
    ...(unread && { connection: "close" }),
  });
  if (unread) endUnread(response, body);
  else response.end(body);
}
