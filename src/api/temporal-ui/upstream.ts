/**
 * Calls to the server of the Temporal UI, by httpxy. Only the headers named here pass, in both directions. No cookie or
 * key of ours goes there. No header goes there that overrides a method (grpc-gateway takes `X-HTTP-Method-Override`).
 * Of its own cookies only one comes back.
 */
import type { IncomingHttpHeaders } from "node:http";
import { parseCookie, parseSetCookie, stringifySetCookie } from "cookie";
import { proxyFetch } from "httpxy";
import { TEMPORAL_UI_PATH } from "./rules.js";

/**
 * The UI proves by it that a change comes from its own page: the header X-CSRF-Token must repeat it. Its script reads
 * it.
 */
const CSRF_COOKIE = "_csrf";
const CSRF_TOKEN = /^[A-Za-z0-9_-]{1,128}$/;

const REQUEST_HEADERS = [
  "accept",
  "accept-language",
  "x-csrf-token",
  "caller-type",
  "if-none-match",
  "if-modified-since",
] as const;
const ANSWER_HEADERS = [
  "content-type",
  "content-length",
  "content-encoding",
  "content-disposition",
  "etag",
  "last-modified",
] as const;

export interface UpstreamCall {
  /** Of the UI's server, for instance `http://127.0.0.1:8233`. */
  address: string;
  method: string;
  /** Request target, with the query. */
  target: string;
  headers: IncomingHttpHeaders;
  body?: Buffer | undefined;
  /** The answer is to be read here, so it must not be compressed. */
  plain: boolean;
  signal: AbortSignal;
}

/** @throws Error when the UI's server does not answer, or the signal is aborted */
export function callUpstream({
  address,
  method,
  target,
  headers,
  body,
  plain,
  signal,
}: UpstreamCall): Promise<Response> {
  const passed: Record<string, string> = {};
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  if (body) passed["content-type"] = "application/json";
  const csrf = parseCookie(headers.cookie ?? "")[CSRF_COOKIE];
  if (csrf !== undefined && CSRF_TOKEN.test(csrf)) passed["cookie"] = `${CSRF_COOKIE}=${csrf}`;
  if (!plain && typeof headers["accept-encoding"] === "string") passed["accept-encoding"] = headers["accept-encoding"];
  return proxyFetch(address, `${address}${target}`, {
    method,
    headers: passed,
    signal,
    redirect: "manual",
    ...(body && { body: new Uint8Array(body) }),
  });
}

/** The headers of an answer that a browser may see. */
export function answerHeaders(answer: Response): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ANSWER_HEADERS) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

/**
 * The UI's CSRF cookie as it is set here. It is for the UI's own part of the paths, so that no other page of this
 * origin is sent it.
 */
export function csrfCookieOf(answer: Response): string | undefined {
  for (const line of answer.headers.getSetCookie()) {
    const { name, value } = parseSetCookie(line);
    if (name === CSRF_COOKIE && value !== undefined && CSRF_TOKEN.test(value)) {
      return stringifySetCookie(CSRF_COOKIE, value, { path: TEMPORAL_UI_PATH, secure: true, sameSite: "strict" });
    }
  }
  return undefined;
}

/** The whole body as text. @throws RangeError above the limit */
export async function readText(answer: Response, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyWithin(answer, limitBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The body piece by piece. @throws RangeError above the limit */
export async function* bodyWithin(answer: Response, limitBytes: number): AsyncGenerator<Uint8Array> {
  if (!answer.body) return;
  const reader = answer.body.getReader();
  let size = 0;
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      size += piece.value.byteLength;
      if (size > limitBytes) throw new RangeError(`An answer of the Temporal UI is above ${limitBytes} bytes.`);
      yield piece.value;
    }
  } finally {
    // A reader that stops gives the connection back.
    await reader.cancel();
  }
}
