/**
 * Which addresses are public. Two lists, because one `net.BlockList` with `::ffff:0:0/96` in it also
 * blocks every IPv4 address (measured on Node 20).
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/** IANA IPv4 Special-Purpose Address Registry, multicast, reserved, and the Azure platform address. */
const IPV4_NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "168.63.129.16/32",
];
/**
 * Only 2000::/3 is global unicast. These parts of it are not: Teredo, ORCHID and benchmarking, documentation, 6to4,
 * AS112.
 */
const IPV6_GLOBAL_UNICAST = ["2000::/3"];
const IPV6_NOT_PUBLIC = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];
/**
 * What the development switch opens: loopback and private networks. Link-local and cloud metadata addresses stay shut.
 */
const LOCAL = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];
const METADATA = ["fd20:ce::254/128", "fd00:ec2::254/128", "fd00:42::42/128"];

/** A set of addresses and networks, with IPv4 and IPv6 apart. */
export interface AddressSet {
  /** False for what is not an IP address. */
  has(address: string): boolean;
}

/**
 * Reads addresses and networks in CIDR notation. An IPv4 network also holds its IPv4-mapped IPv6 form.
 * Throws RangeError, naming the entry, when one is neither.
 */
export function addressSet(entries: readonly string[]): AddressSet {
  const v4 = new BlockList();
  const v6 = new BlockList();
  for (const entry of entries) {
    const [address, prefix] = entry.split("/") as [string, string?];
    const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
    const bits =
      prefix === undefined ? (family === "ipv4" ? 32 : 128) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
    if (!family || !(bits <= (family === "ipv4" ? 32 : 128)))
      throw new RangeError(`"${entry}" is not an IP address or a network in CIDR notation.`);
    (family === "ipv4" ? v4 : v6).addSubnet(address, bits, family);
  }
  return {
    has(address) {
      if (isIPv4(address)) return v4.check(address, "ipv4");
      // A zone index names an interface of this host. Such an address matches no rule and is never public.
      if (!isIPv6(address) || address.includes("%")) return false;
      return v6.check(address, "ipv6") || v4.check(address, "ipv6");
    },
  };
}

const ipv4NotPublic = addressSet(IPV4_NOT_PUBLIC);
const ipv6GlobalUnicast = addressSet(IPV6_GLOBAL_UNICAST);
const ipv6NotPublic = addressSet(IPV6_NOT_PUBLIC);
const local = addressSet(LOCAL);
const metadata = addressSet(METADATA);

/**
 * Whether an address (as `net.isIP` accepts it) is globally reachable unicast. IPv6 forms that carry an IPv4 address
 * (mapped, compatible, NAT64, 6to4, Teredo) never are, even when the embedded one is public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !ipv4NotPublic.has(address);
  return ipv6GlobalUnicast.has(address) && !ipv6NotPublic.has(address);
}

/** Whether an address is loopback or private: what `SEALPOST_ALLOW_LOCAL_TARGETS` opens. */
export function isLocalAddress(address: string): boolean {
  return local.has(address) && !metadata.has(address);
}
