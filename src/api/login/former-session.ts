/**
 * Which session a browser had before. The post of an identity provider comes from another site, so it has no session
 * cookie (SameSite=Lax). A second cookie, which is sent from other sites too, holds the session's id, sealed. It opens
 * nothing. It only says which session a new log-in ends. An attacker who plants one in another browser can only have
 * got it from a session of their own.
 */
import type { IncomingMessage } from "node:http";
import { parseCookie, stringifySetCookie } from "cookie";
import type { SealContext } from "../../store/sealing/data-key.js";
import type { Keyring } from "../../store/sealing/keyring.js";
import { sealedKeyId } from "../../store/sealing/sealing.js";
import { StoreError } from "../../store/store-error.js";

const COOKIE = "__Host-sealpost-former";
const CONTEXT: SealContext = { collection: "cookies", id: "former", field: "session", owner: "system" };
const LONGEST = 512;

/** The cookie that goes with the session of this id. */
export async function formerSessionCookie(keyring: Keyring, sessionId: string): Promise<string> {
  const sealed = (await keyring.scope("system")).seal(CONTEXT, Buffer.from(sessionId));
  return stringifySetCookie(COOKIE, Buffer.from(sealed).toString("base64url"), {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "none",
  });
}

/** After a log-out there is no session to end. */
export const clearFormerSessionCookie: string = stringifySetCookie(COOKIE, "", {
  path: "/",
  secure: true,
  httpOnly: true,
  sameSite: "none",
  maxAge: 0,
});

/** The id of the session that this browser had. Undefined when the browser sends no cookie that was made here. */
export async function formerSessionOf(
  keyring: Keyring,
  { headers }: Pick<IncomingMessage, "headers">,
): Promise<string | undefined> {
  const value = headers.cookie?.includes(COOKIE) ? parseCookie(headers.cookie)[COOKIE] : undefined;
  if (value === undefined || value.length > LONGEST) return undefined;
  try {
    const sealed = Buffer.from(value, "base64url");
    if (!sealedKeyId(sealed).startsWith("system#")) return undefined;
    return Buffer.from((await keyring.forSealed(sealed)).open(CONTEXT, sealed)).toString("utf8");
  } catch (error) {
    if (error instanceof StoreError && error.code !== "unavailable") return undefined;
    throw error;
  }
}
