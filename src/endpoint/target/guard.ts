/**
 * Which endpoints may be called (SSRF guard). The text of the URL is checked when a subscription is saved and before a
 * request. The resolved addresses are checked at every new connection, which then goes to exactly the addresses
 * checked.
 */
import { type LookupAddress, lookup } from "node:dns";
import { isIP } from "node:net";
import { withinDeadline } from "../../store/deadline.js";
import { addressSet, isLocalAddress, isPublicAddress } from "./deny-list.js";
import type { OwnService } from "./own-service.js";
import { createResolverProbe } from "./resolver-probe.js";
import { type TargetRefusal, checkUrl as checkText } from "./target-url.js";

/** Standing DNS answers may be long. More are never tried. */
const MAX_ADDRESSES = 16;
const DEFAULT_PORTS = [443, 8443];

export interface GuardOptions {
  /**
   * Development switch: http and loopback or private addresses on any port. Link-local and metadata addresses stay
   * blocked.
   */
  allowLocal?: boolean;
  /** Ports that may be called. By default 443 and 8443. */
  ports?: readonly number[];
  /** Exact origins (`http://127.0.0.1:9000`) allowed without any switch: the built-in demo receiver. */
  alwaysAllowedOrigins?: readonly string[];
  /**
   * Our own addresses and networks (public API, ingress), CIDR notation allowed. An endpoint there would let consumers
   * call us.
   */
  ownAddresses?: readonly string[];
  /** Where the service itself is reached. It is never called, whatever else is allowed. */
  ownService?: OwnService;
  /** Default: `dns.lookup` with all addresses, which reads the hosts file too. */
  resolve?: (host: string) => Promise<LookupAddress[]>;
  /** Longest wait for the resolver, milliseconds. By default 5,000. */
  resolveTimeoutMs?: number;
  /**
   * Whether our own name server answers at all. It is asked after a failure that may pass. By default the system's
   * servers are asked, and a `resolve` that was given is taken to work.
   */
  resolverWorks?: () => Promise<boolean>;
}

export type UrlCheck = { ok: true; url: URL } | TargetRefusal;
export type AddressCheck = { ok: true; addresses: LookupAddress[] } | { ok: false; code: ResolutionCode };
export type ResolutionCode =
  | "destination_blocked"
  | "destination_own"
  | "dns_not_found"
  | "dns_temporary"
  | "dns_timeout"
  | "resolver_unavailable";

export interface Guard {
  /**
   * Checks the text alone. The URL given back is canonical (ASCII host, no trailing dot) and is what must be stored and
   * called.
   */
  checkUrl(raw: string): UrlCheck;
  /** Refuses the whole list when any address is not public, so that no fallback can reach one. At most 16 are kept. */
  checkAddresses(addresses: readonly LookupAddress[]): AddressCheck;
  /**
   * Resolves once and checks. IP literals are checked without resolving. Never rejects. `url` as `checkUrl` gave it.
   */
  resolve(url: URL): Promise<AddressCheck>;
  /** Whether a connection to `url` may stay open that ended at this address. */
  allowsPeer(url: URL, address: string | undefined): boolean;
  /** Text and current addresses: plain words why an endpoint is refused, without addresses, or undefined. */
  refuseTarget(raw: string): Promise<string | undefined>;
}

/** Builds the guard of one process. Throws RangeError when an entry of `ownAddresses` is not an address. */
export function createGuard(options: GuardOptions = {}): Guard {
  const { ownService, allowLocal = false, resolveTimeoutMs = 5_000, resolve = resolveWithSystem } = options;
  const resolverWorks =
    options.resolverWorks ?? (options.resolve ? () => Promise.resolve(true) : createResolverProbe());
  const alwaysAllowed = new Set((options.alwaysAllowedOrigins ?? []).map((origin) => new URL(origin).origin));
  const own = addressSet(options.ownAddresses ?? []);
  const policy = { allowLocal, ports: options.ports ?? DEFAULT_PORTS, alwaysAllowed };

  const allowsAddress = (address: string): boolean => {
    if (own.has(address)) return false;
    return isPublicAddress(address) || (allowLocal && isLocalAddress(address));
  };
  function checkUrl(raw: string): UrlCheck {
    const check = checkText(raw, policy);
    if (!check.ok || alwaysAllowed.has(check.url.origin)) return check;
    if (ownService?.isNamedBy(check.url)) return REFUSED_AS_OWN;
    const literal = literalOf(check.url);
    if (literal === undefined) return check;
    if (ownService?.listensAt(check.url, literal)) return REFUSED_AS_OWN;
    if (allowsAddress(literal)) return check;
    return { ok: false, code: "target_refused", reason: "address_not_public", explanation: NOT_PUBLIC };
  }
  function checkAddresses(addresses: readonly LookupAddress[]): AddressCheck {
    if (addresses.length === 0) return { ok: false, code: "dns_not_found" };
    if (!addresses.every(({ address }) => allowsAddress(address))) return { ok: false, code: "destination_blocked" };
    return { ok: true, addresses: addresses.slice(0, MAX_ADDRESSES) };
  }
  async function resolveChecked(url: URL): Promise<AddressCheck> {
    const check = alwaysAllowed.has(url.origin) ? keepAll : checkAddresses;
    const literal = literalOf(url);
    if (literal !== undefined) return check([{ address: literal, family: isIP(literal) }]);
    const answer = await inTime(() => resolve(url.hostname), resolveTimeoutMs);
    if (!answer.ok) return MAY_BE_OURS.has(answer.code) && !(await resolverWorks()) ? RESOLVER_UNAVAILABLE : answer;
    if (!alwaysAllowed.has(url.origin) && answer.addresses.some(({ address }) => ownService?.listensAt(url, address)))
      return { ok: false, code: "destination_own" };
    return check(answer.addresses);
  }
  return {
    checkUrl,
    checkAddresses,
    resolve: resolveChecked,
    allowsPeer: (url, address) => address !== undefined && (allowsAddress(address) || alwaysAllowed.has(url.origin)),
    async refuseTarget(raw) {
      const text = checkUrl(raw);
      if (!text.ok) return text.explanation;
      const addresses = await resolveChecked(text.url);
      return addresses.ok ? undefined : REFUSED_AT_SAVE[addresses.code];
    },
  };
}

const NOT_PUBLIC = "The host is not a public address.";
const REFUSED_AS_OWN: TargetRefusal = {
  ok: false,
  code: "target_refused",
  reason: "own_service",
  explanation: "The URL is this service's own: each event would come back as a new one.",
};
/** Said to consumers: which address answered is never told, or the refusal would be a map of our network. */
const REFUSED_AT_SAVE: Record<ResolutionCode, string> = {
  destination_blocked: "The host name resolves to an address that is not public.",
  destination_own: "The host name resolves to this service itself: each event would come back as a new one.",
  dns_not_found: "The host name does not resolve to any address.",
  dns_temporary: "The host name could not be resolved just now (its name server failed); try again later.",
  dns_timeout: "The host name could not be resolved in time; try again later.",
  resolver_unavailable: "Our own name server does not answer; try again later.",
};

/** Either the host's name server failed or ours did. */
const MAY_BE_OURS: ReadonlySet<ResolutionCode> = new Set(["dns_temporary", "dns_timeout"]);
const RESOLVER_UNAVAILABLE = { ok: false, code: "resolver_unavailable" } as const;

const keepAll = (addresses: readonly LookupAddress[]): AddressCheck =>
  addresses.length === 0
    ? { ok: false, code: "dns_not_found" }
    : { ok: true, addresses: addresses.slice(0, MAX_ADDRESSES) };

/** The IP address when the host is one: node never calls a lookup function for those. */
function literalOf(url: URL): string | undefined {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return isIP(host) === 0 ? undefined : host;
}

type Answer = { ok: true; addresses: LookupAddress[] } | { ok: false; code: ResolutionCode };

/** NXDOMAIN and empty answers are said to be missing. Every other failure of a resolver may pass. */
const NOT_FOUND = new Set<unknown>(["ENOTFOUND", "ENODATA", "EAI_NODATA", "EAI_NONAME"]);

class ResolutionTimeout extends Error {}

/** The system's resolver cannot be stopped. It ends by its own time-outs, and its late answer is dropped. */
function inTime(resolve: () => Promise<LookupAddress[]>, timeoutMs: number): Promise<Answer> {
  return withinDeadline(timeoutMs, resolve, () => new ResolutionTimeout()).then(
    (addresses) => ({ ok: true, addresses }),
    (error: unknown) => ({
      ok: false,
      code:
        error instanceof ResolutionTimeout
          ? "dns_timeout"
          : NOT_FOUND.has((error as NodeJS.ErrnoException).code)
            ? "dns_not_found"
            : "dns_temporary",
    }),
  );
}

function resolveWithSystem(host: string): Promise<LookupAddress[]> {
  return new Promise((settle, fail) => {
    lookup(host, { all: true }, (error, addresses) => (error ? fail(error) : settle(addresses)));
  });
}
