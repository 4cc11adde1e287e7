/** Where the service itself is reached: an endpoint there would publish each event again, in a circle. */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { addressSet } from "./deny-list.js";
import { parsedUrl } from "../../parsed-url.js";

export interface OwnService {
  /** Whether the URL names the service. `url` in canonical form. */
  isNamedBy(url: URL): boolean;
  /** Whether an address of this machine together with the URL's port is the service. */
  listensAt(url: URL, address: string): boolean;
}

const WILDCARDS = new Set(["0.0.0.0", "[::]"]);
const LOOPBACK = addressSet(["127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128"]);
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"];

const portOf = ({ port, protocol }: URL): string => port || (protocol === "https:" ? "443" : "80");

/**
 * @param publicUrl under which consumers and browsers reach the API
 * @param listening where this process listens, as a URL. Absent for a pure worker
 */
export function createOwnService({ publicUrl, listening }: { publicUrl?: string; listening?: string }): OwnService {
  const named = new Set<string>();
  const url = publicUrl === undefined ? undefined : parsedUrl(publicUrl);
  if (url) {
    const host = url.hostname.replace(/\.$/, "");
    // A public address on a usual port answers on the other one too, with a redirect or the same.
    for (const port of url.port === "" ? ["443", "80"] : [url.port]) named.add(`${host}:${port}`);
  }
  const own = listening === undefined ? undefined : parsedUrl(listening);
  const host = own?.hostname ?? "";
  const everywhere = WILDCARDS.has(host);
  const bare = host.replaceAll(/[[\]]/g, "");
  const loopback = everywhere || LOOPBACK.has(bare) || host === "localhost";
  // If the service listens at a name, then what that resolves to is not followed.
  const alone = isIP(bare) === 0 ? undefined : addressSet([bare]);
  if (own) for (const name of loopback ? [...LOOPBACK_NAMES, host] : [host]) named.add(`${name}:${portOf(own)}`);

  return {
    isNamedBy: (url) =>
      named.has(`${url.hostname}:${portOf(url)}`) ||
      (url.hostname.endsWith(".localhost") && named.has(`localhost:${portOf(url)}`)),
    listensAt(url, address) {
      if (!own || portOf(url) !== portOf(own)) return false;
      if (loopback && LOOPBACK.has(address)) return true;
      if (!everywhere) return alone?.has(address) === true;
      return addressSet(machineAddresses()).has(address);
    },
  };
}

/** Interfaces come and go, and the question is asked for our own port alone. */
const machineAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((some) => (some ?? []).map(({ address }) => address))
    .filter((address) => !address.includes("%"));
