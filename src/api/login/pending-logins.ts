/**
 * Log-ins under way. Each is in a cookie of the browser that began it. A response to another browser's request is
 * refused (login CSRF). The cookie is sealed, so beginning a log-in writes nothing to the database. The service
 * provider makes sure that a request is answered only once.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { SealContext } from "../../store/sealing/data-key.js";
import type { Keyring } from "../../store/sealing/keyring.js";
import { sealedKeyId } from "../../store/sealing/sealing.js";
import { StoreError } from "../../store/store-error.js";
import { clearLoginCookie, LOGIN_COOKIE_PREFIX, loginCookiesOf, setLoginCookie } from "../http/cookies.js";

export interface PendingLogin {
  /** The RelayState. It only says which of the browser's log-ins came back. */
  key: string;
  requestId: string;
  connectionId: string;
  /** A path of our own. */
  returnTo: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** The id of the session that the browser had when the log-in began. The new session ends it. */
  previous?: string;
}

/** Where a log-in leads that began at no other page. */
export const DEFAULT_RETURN = "/portal";
/** As long as the service provider takes an answer to a request. */
const LIFE_MS = 10 * 60_000;
/** One cookie has about 350 bytes. All cookies of a browser together must stay below 16 KiB of headers. */
const MOST_AT_ONCE = 5;

/**
 * No browser has more cookies from this service than this. For each cookie that is read, a key may have to be looked
 * up.
 */
const MOST_READ = 4 * MOST_AT_ONCE;

/** A fresh key: 22 characters of 128 random bits, of the 80 bytes that RelayState may have (SAML bindings, 3.4.3). */
export const newLoginKey = (): string => randomBytes(16).toString("base64url");

const contextOf = (key: string): SealContext => ({ collection: "cookies", id: key, field: "login", owner: "system" });

/**
 * The cookie of one log-in, and the cookies that it replaces: the oldest ones beyond five, and those that were not made
 * here.
 */
export async function pendingLoginCookies(
  keyring: Keyring,
  request: Pick<IncomingMessage, "headers">,
  { key, ...login }: PendingLogin,
): Promise<string[]> {
  const sealed = (await keyring.scope("system")).seal(contextOf(key), Buffer.from(JSON.stringify(login)));
  const pending = await pendingLogins(keyring, request, login.at);
  const kept = new Set(
    pending
      .toSorted((one, other) => other.at - one.at)
      .slice(0, MOST_AT_ONCE - 1)
      .map((each) => LOGIN_COOKIE_PREFIX + each.key),
  );
  const gone = loginCookiesOf(request)
    .map(([name]) => name)
    .filter((name) => !kept.has(name));
  return [
    setLoginCookie(key, Buffer.from(sealed).toString("base64url"), LIFE_MS / 1_000),
    ...gone.slice(0, MOST_AT_ONCE * 4).map(clearLoginCookie),
  ];
}

/**
 * Whether a key with this id can exist. An attacker may write any id into a cookie, and such an id must cost no read of
 * the store.
 */
function mayBeKey(id: string, newest: string): boolean {
  const [generation, last] = [/^system#([1-9]\d{0,8})$/.exec(id)?.[1], /#(\d+)$/.exec(newest)?.[1]];
  return generation !== undefined && Number(generation) <= Number(last);
}

/** The log-ins that this browser has under way. Cookies that were not made here, or that are too old, are left out. */
export async function pendingLogins(
  keyring: Keyring,
  request: Pick<IncomingMessage, "headers">,
  now: number,
): Promise<PendingLogin[]> {
  const cookies = loginCookiesOf(request).slice(0, MOST_READ);
  if (cookies.length === 0) return [];
  const newest = (await keyring.scope("system")).id;
  const logins = await Promise.all(
    cookies.map(([name, value]) => opened(keyring, { key: name.slice(LOGIN_COOKIE_PREFIX.length), value, newest })),
  );
  return logins.filter((login): login is PendingLogin => login !== undefined && now - login.at < LIFE_MS);
}

async function opened(
  keyring: Keyring,
  { key, value, newest }: { key: string; value: string; newest: string },
): Promise<PendingLogin | undefined> {
  try {
    const sealed = Buffer.from(value, "base64url");
    if (!mayBeKey(sealedKeyId(sealed), newest)) return undefined;
    const bytes = (await keyring.forSealed(sealed)).open(contextOf(key), sealed);
    return { key, ...(JSON.parse(Buffer.from(bytes).toString("utf8")) as Omit<PendingLogin, "key">) };
  } catch (error) {
    if (error instanceof StoreError && error.code !== "unavailable") return undefined;
    throw error;
  }
}

/** Takes the cookie of a log-in away. */
export const endPendingLogin = ({ key }: PendingLogin): string => clearLoginCookie(LOGIN_COOKIE_PREFIX + key);
