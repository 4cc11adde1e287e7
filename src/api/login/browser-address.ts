/** The address under which a browser must reach the service, so that the cookies of a log-in are kept. */
import type { IncomingMessage } from "node:http";
import type { ApiSettings } from "../settings.js";
import { refuse, type Refusal } from "../http/errors.js";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Browsers keep the cookies of a log-in only over https. For a trial, the loopback address counts as safe too. */
export function refuseInsecure({ publicUrl, production }: ApiSettings): Refusal | undefined {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === "https:" || (!production && LOOPBACK.has(hostname)) ? undefined : refuse("login_needs_https");
}

/**
 * The same path under the public address. It is for a trial that was opened as localhost instead of 127.0.0.1, because
 * cookies of one are not sent to the other.
 */
export function properAddress({ headers, url }: IncomingMessage, { publicUrl }: ApiSettings): string | undefined {
  const { hostname, host } = new URL(publicUrl);
  const asked = headers.host ?? host;
  return asked !== host && LOOPBACK.has(hostname) && LOOPBACK.has(asked.replace(/:\d+$/, ""))
    ? `${publicUrl}${url}`
    : undefined;
}
