/**
 * The cookies of people. The prefix `__Host-` makes browsers refuse them from a sub-domain, without Secure, or for a
 * part of the paths (RFC 6265bis, 4.1.3). Browsers take them over http from loopback too (Chromium 156: 127.0.0.1 and
 * localhost).
 */
import type { IncomingMessage } from "node:http";
import { parseCookie, stringifySetCookie } from "cookie";

export const SESSION_COOKIE = "__Host-sealpost";
/** One cookie per log-in under way, so that two tabs do not overwrite each other's. */
export const LOGIN_COOKIE_PREFIX = "__Host-sealpost-login-";

/** 43 characters are 256 bits in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The token of the session cookie, when there is one that can be one. Costs a search where there is none. */
export function sessionTokenOf(request: Pick<IncomingMessage, "headers">): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined || !header.includes(SESSION_COOKIE)) return undefined;
  const token = parseCookie(header)[SESSION_COOKIE];
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

/** Names and values of the cookies of log-ins under way. */
export function loginCookiesOf(request: Pick<IncomingMessage, "headers">): [name: string, value: string][] {
  return Object.entries(parseCookie(request.headers.cookie ?? "")).filter(
    (cookie): cookie is [string, string] => cookie[0].startsWith(LOGIN_COOKIE_PREFIX) && cookie[1] !== undefined,
  );
}

/**
 * Gone with the browser's own session. When that session ends is decided here and not by the browser. Lax: a link from
 * elsewhere finds the person logged in.
 */
export const setSessionCookie = (token: string): string =>
  stringifySetCookie(SESSION_COOKIE, token, { path: "/", secure: true, httpOnly: true, sameSite: "lax" });

export const clearSessionCookie: string = stringifySetCookie(SESSION_COOKIE, "", {
  path: "/",
  secure: true,
  httpOnly: true,
  sameSite: "lax",
  maxAge: 0,
});

/** SameSite=None: the identity provider's POST from another site must carry it. */
export const setLoginCookie = (key: string, value: string, seconds: number): string =>
  stringifySetCookie(`${LOGIN_COOKIE_PREFIX}${key}`, value, {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "none",
    maxAge: seconds,
  });

export const clearLoginCookie = (name: string): string =>
  stringifySetCookie(name, "", { path: "/", secure: true, httpOnly: true, sameSite: "none", maxAge: 0 });
