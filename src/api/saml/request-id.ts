/**
 * Ids of authentication requests. An id proves itself: it has the time, random bits, and an HMAC over both and the
 * connection. Everybody may begin log-ins as often as they like, so beginning one writes nothing to the store. Only an
 * answered request is recorded.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Store } from "../../store/store.js";

/** How long a log-in may take at the identity provider. */
export const REQUEST_LIFE_MS = 10 * 60_000;

/** `_`, the seconds, 128 random bits and a 128-bit HMAC. This is an NCName, as SAML asks for (core, 1.3.4). */
const REQUEST_ID = /^_([0-9a-f]{8}[0-9a-f]{32})([0-9a-f]{32})$/;

type Keyed = Pick<Store, "blindIndex">;

/** A new id for a request to this connection. */
export function newRequestId(store: Keyed, connectionId: string, now = new Date()): string {
  const body =
    Math.floor(now.getTime() / 1_000)
      .toString(16)
      .padStart(8, "0") + randomBytes(16).toString("hex");
  return `_${body}${macOf(store, connectionId, body)}`;
}

/** When the request was made. Undefined when it was not made here for this connection. */
export function requestedAt(store: Keyed, connectionId: string, id: string): Date | undefined {
  const [, body, mac] = REQUEST_ID.exec(id) ?? [];
  if (body === undefined || mac === undefined) return undefined;
  if (!timingSafeEqual(Buffer.from(macOf(store, connectionId, body)), Buffer.from(mac))) return undefined;
  return new Date(Number.parseInt(body.slice(0, 8), 16) * 1_000);
}

const macOf = (store: Keyed, connectionId: string, body: string): string =>
  Buffer.from(store.blindIndex("saml-request", `${connectionId}/${body}`))
    .toString("hex")
    .slice(0, 32);
