/** Which compression a client takes (RFC 9110, 12.5.3). */
import type { IncomingMessage } from "node:http";
import Negotiator from "negotiator";

/** Whether brotli is named and not refused. Nothing is assumed of a client that names none. */
export function acceptsBrotli({ headers }: Pick<IncomingMessage, "headers">): boolean {
  const accepted = headers["accept-encoding"];
  if (accepted === undefined || !/\bbr\b/.test(accepted)) return false;
  return new Negotiator({ headers: { "accept-encoding": accepted } }).encodings(["br"]).includes("br");
}
