/** What the text of an endpoint URL must look like, before anything is resolved. */
import { parsedUrl } from "../../parsed-url.js";

export type TargetReason =
  | "unparsable"
  | "control_characters"
  | "scheme"
  | "not_canonical"
  | "userinfo"
  | "fragment"
  | "port"
  | "host_label"
  | "host_single_label"
  | "host_special_domain"
  | "address_not_public"
  | "own_service";

export interface TargetRefusal {
  ok: false;
  code: "target_refused";
  /** It is stable, so branch on this. */
  reason: TargetReason;
  /** Plain words for the person who entered the URL. */
  explanation: string;
}

export interface UrlPolicy {
  allowLocal: boolean;
  ports: readonly number[];
  /** Origins exempt from scheme, port and host rules. */
  alwaysAllowed: ReadonlySet<string>;
}

const EXPLANATION: Record<Exclude<TargetReason, "address_not_public" | "own_service">, string> = {
  unparsable: "This is not a URL.",
  control_characters: "The URL contains a space, a control character or a backslash; percent-encode them.",
  scheme: "The URL must begin with https://.",
  not_canonical: "The URL must begin with https:// followed by the host name.",
  userinfo: "The URL must not contain a user name or password; use the subscription's authentication for that.",
  fragment: "The URL must not contain a fragment (#); it would never be sent.",
  port: "This port may not be called.",
  host_label:
    "The host name is malformed: each part has 1 to 63 letters, digits, hyphens or underscores, 253 characters in " +
    "all. The name does not begin with a hyphen.",
  host_single_label: "The host name must be a full domain name.",
  host_special_domain: "The host name lies in a domain that is reserved for private or special use.",
};

/**
 * RFC 6761 and its registry (example.com and the like resolve as any name), RFC 6762, 8375 and 9476. Also `.internal`
 * (ICANN 2024), the name-collision strings of ICANN, and what routers and clusters use.
 */
const SPECIAL_DOMAINS = new Set([
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "mail",
  "test",
  "invalid",
  "example",
  "onion",
  "alt",
  "arpa",
  "svc",
  "cluster",
  "domain",
  "host",
  "workgroup",
]);

/** Space, C0, DEL, C1 and backslash: the URL parser drops or rewrites them, and other parsers do it differently. */
const CONTROL = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/;

/**
 * The one form in which a URL is stored, shown, sent and signed. It is as the WHATWG URL standard serialises it: host
 * in lower case and ASCII, no default port, no dot segments. A full stop behind the host goes, and so does an empty
 * query, which no request line would hold. What is no URL is given back as it is.
 */
export function canonicalUrl(text: string): string {
  const url = parsedUrl(text);
  if (!url) return text;
  // A fragment or a user is refused when saved. Older ones go on being shown as they are.
  if (url.origin === "null" || url.hash !== "" || url.username !== "" || url.password !== "") return text;
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  return `${url.origin}${url.pathname}${url.search}`;
}

const refuse = (reason: keyof typeof EXPLANATION): TargetRefusal => ({
  ok: false,
  code: "target_refused",
  reason,
  explanation: EXPLANATION[reason],
});

/**
 * Checks the text of a URL. Addresses are the guard's matter. The URL given back has an ASCII host without trailing
 * dot.
 */
export function checkUrl(raw: string, policy: UrlPolicy): { ok: true; url: URL } | TargetRefusal {
  if (raw.length > 2_048) return refuse("unparsable");
  if (CONTROL.test(raw)) return refuse("control_characters");
  const url = parsedUrl(raw);
  if (!url) return refuse("unparsable");
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("scheme");
  // The parser also takes `https:host`, `https:/host` and `https:////host`.
  const authority = /^https?:\/\/([^/?#]+)/i.exec(raw)?.[1];
  if (authority === undefined) return refuse("not_canonical");
  if (authority.includes("@")) return refuse("userinfo");
  if (raw.includes("#")) return refuse("fragment");
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  if (policy.alwaysAllowed.has(url.origin)) return { ok: true, url };
  if (!policy.allowLocal) {
    if (url.protocol !== "https:") return refuse("scheme");
    if (!policy.ports.includes(url.port === "" ? 443 : Number(url.port))) return refuse("port");
  }
  // An address of IPv4 has the form of a name.
  const fault = url.hostname.startsWith("[") ? undefined : hostFault(url.hostname, policy.allowLocal);
  return fault === undefined ? { ok: true, url } : refuse(fault);
}

function hostFault(
  host: string,
  allowLocal: boolean,
): "host_label" | "host_single_label" | "host_special_domain" | undefined {
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label))) return "host_label";
  // glibc resolves no name that begins so (res_hnok). A hyphen at any other place of a label does resolve.
  if (host.startsWith("-")) return "host_label";
  if (allowLocal) return undefined;
  if (SPECIAL_DOMAINS.has(labels.at(-1) as string))
    return labels.length === 1 ? "host_single_label" : "host_special_domain";
  return labels.length === 1 ? "host_single_label" : undefined;
}
