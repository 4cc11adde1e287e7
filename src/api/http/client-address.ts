/** From which address a request comes, where proxies of one's own stand in between. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { addressSet } from "../../endpoint/target/deny-list.js";

/** The address of the client. Empty when the connection has gone. */
export type ClientAddress = (request: Pick<IncomingMessage, "headers" | "socket">) => string;

/** More hops than anybody has. A longer list is a forged one. */
const MAX_HOPS = 20;

/**
 * Goes back along `X-Forwarded-For` from the right while the address reached is a trusted proxy's. The first other
 * address is the client's. What stands further left was written by the client and says nothing. A proxy that is not
 * trusted is the client.
 * @param trusted addresses and networks in CIDR notation. Throws RangeError, naming the entry, when one is neither.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = addressSet(trusted);
  return ({ headers, socket }) => {
    let address = socket.remoteAddress ?? "";
    if (trusted.length === 0 || !proxies.has(address)) return address;
    const forwarded = [headers["x-forwarded-for"] ?? []]
      .flat()
      .join(",")
      .split(",")
      .slice(-MAX_HOPS)
      .map((each) => each.trim());
    for (let hop = forwarded.pop(); hop !== undefined && proxies.has(address); hop = forwarded.pop()) {
      // What is no address was not written by a proxy of ours: the last one known counts.
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}
