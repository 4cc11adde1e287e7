/**
 * Checks what a consumer uploads for TLS, so that nothing that cannot work is saved, and puts it into the form that TLS
 * takes.
 */
import { createSecureContext } from "node:tls";
import type { EndpointTls } from "../../store/model.js";
import { certificateOf, chainOf, distinct, isRoot, nameOf, rootless } from "./certificate-chain.js";
import { type PemCertificate, type PemContent, type PemKey, readPem } from "./pem.js";

/** Everything that TLS material is refused for. */
export const TLS_FAULTS = [
  "too_large",
  "certificate_without_key",
  "key_without_certificate",
  "certificate_unreadable",
  "certificate_too_weak",
  "certificate_expired",
  "certificate_not_yet_valid",
  "certificate_wrong_usage",
  "certificate_wrong_chain",
  "key_encrypted",
  "key_unreadable",
  "key_mismatch",
  "ca_unreadable",
  "ca_not_authority",
  "ca_not_root",
  "ca_expired",
] as const;
export type TlsFault = (typeof TLS_FAULTS)[number];
/** Which of the files is meant. */
export type TlsField = "clientCert" | "clientKey" | "ca";

export type TlsCheck =
  /**
   * `tls` is as it is saved, and a key stands in `clientKey` alone. `notAfter` is when the client certificate, or an
   * intermediate of it, ends first.
   */
  { ok: true; tls: EndpointTls; notAfter?: Date } | Refused;
interface Refused {
  ok: false;
  code: TlsFault;
  field: TlsField;
  /** A sentence, or two, that names the file and the way out, without anything of a key. */
  reason: string;
}

/** RFC 5280, 4.2.1.12. */
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_USAGE = "2.5.29.37.0";

const NAMES: Record<TlsField, string> = {
  clientCert: "The client certificate",
  clientKey: "The private key",
  ca: "The authority",
};
const UNREADABLE = { clientCert: "certificate_unreadable", clientKey: "key_unreadable", ca: "ca_unreadable" } as const;

const refuse = (code: TlsFault, field: TlsField, reason: string): Refused => ({ ok: false, code, field, reason });

/**
 * Checks the TLS material of a subscription at `now`. Certificate and key may stand in one file, given once or as both.
 */
export function checkTls(tls: EndpointTls, now: Date = new Date()): TlsCheck {
  const authority = tls.ca === undefined ? undefined : checkAuthority(tls.ca, now);
  if (authority?.ok === false) return authority;
  const client = tls.clientCert === undefined && tls.clientKey === undefined ? undefined : checkClient(tls, now);
  if (client?.ok === false) return client;
  const usable: EndpointTls = {
    ...(client && { clientCert: client.chain.map(({ pem }) => pem).join(""), clientKey: client.key.pem }),
    ...(authority && { ca: authority.certificates.map(({ pem }) => pem).join("") }),
    ...(tls.minVersion !== undefined && { minVersion: tls.minVersion }),
  };
  // The last word has the library that will use it: it also refuses weak keys and digests.
  if (client && !isUsable(usable))
    return refuse(
      "certificate_too_weak",
      "clientCert",
      "The key or the digest of the client certificate is too weak to be used.",
    );
  return { ok: true, tls: usable, ...(client && { notAfter: earliestEnd(client.chain) }) };
}

function isUsable({ clientCert, clientKey, ca }: EndpointTls): boolean {
  try {
    createSecureContext({ cert: clientCert, key: clientKey, ca });
    return true;
  } catch {
    return false;
  }
}

type Content = Extract<PemContent, { ok: true }>;

function readField(field: TlsField, text: string | undefined): { ok: true; content: Content | undefined } | Refused {
  if (text === undefined) return { ok: true, content: undefined };
  const content = readPem(text);
  return content.ok
    ? { ok: true, content }
    : refuse(content.tooMany ? "too_large" : UNREADABLE[field], field, `${NAMES[field]} ${content.reason}`);
}

type Client = { ok: true; chain: PemCertificate[]; key: PemKey };

function checkClient({ clientCert, clientKey }: EndpointTls, now: Date): Client | Refused {
  const fromCert = readField("clientCert", clientCert);
  if (!fromCert.ok) return fromCert;
  const fromKey = readField("clientKey", clientKey);
  if (!fromKey.ok) return fromKey;
  const contents = [fromCert.content, fromKey.content];
  const certificates = distinct(contents.flatMap((each) => each?.certificates ?? []));
  const keys = [fromKey.content, fromCert.content].flatMap((each) => each?.keys ?? []);
  if (certificates.length === 0) return withoutCertificate(fromCert.content);
  if (keys.length === 0) return withoutKey(fromCert.content, fromKey.content);
  for (const key of keys) {
    const leaf = certificateOf(certificates, key.key);
    if (!leaf) continue;
    const chain = chainOf(leaf, certificates);
    return refuseLeaf(leaf, chain, now) ?? refuseChain(leaf, chain, certificates) ?? { ok: true, chain, key };
  }
  return refuse(
    "key_mismatch",
    "clientKey",
    "The private key does not belong to the client certificate. Compare `openssl x509 -in cert.pem " +
      "-noout -pubkey` with `openssl pkey -in key.pem -pubout`.",
  );
}

function withoutCertificate(given: Content | undefined): Refused {
  if (!given) return refuse("key_without_certificate", "clientCert", "A private key needs its client certificate.");
  return refuse(
    "certificate_unreadable",
    "clientCert",
    `The client certificate holds no certificate${otherwise(given)}.`,
  );
}

function withoutKey(cert: Content | undefined, key: Content | undefined): Refused {
  if (cert?.encryptedKey || key?.encryptedKey) {
    return refuse(
      "key_encrypted",
      key?.encryptedKey ? "clientKey" : "clientCert",
      "The private key is encrypted. Decrypt it with `openssl pkey -in key.pem -out plain.pem` and " +
        "give the result without a passphrase; it is sealed at rest.",
    );
  }
  if (!key)
    return refuse(
      "certificate_without_key",
      "clientKey",
      `A client certificate needs its private key${cert ? otherwise(cert, "; the file holds") : ""}.`,
    );
  return refuse(
    "key_unreadable",
    "clientKey",
    `The file of the private key holds no private key that we can read${otherwise(key)}.`,
  );
}

/** What a file holds in place of what was looked for. */
function otherwise({ certificates, keys, encryptedKey, others }: Content, words = ", but"): string {
  const held = [
    ...(certificates.length > 0 ? ["a certificate"] : []),
    ...(keys.length > 0 || encryptedKey ? ["a private key"] : []),
    ...new Set(others),
  ];
  return held.length === 0 ? "" : `${words} ${held.slice(0, 3).join(" and ")}`;
}

function refuseLeaf(leaf: PemCertificate, chain: readonly PemCertificate[], now: Date): Refused | undefined {
  if (earliestEnd(chain) <= now)
    return refuse(
      "certificate_expired",
      "clientCert",
      "The client certificate, or an intermediate sent with it, has expired.",
    );
  if (Date.parse(leaf.x509.validFrom) > now.getTime())
    return refuse("certificate_not_yet_valid", "clientCert", "The client certificate is not valid yet.");
  // Undefined without the extension, although the type says otherwise.
  const usages = leaf.x509.keyUsage as string[] | undefined;
  const usable = !usages || usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE);
  return usable
    ? undefined
    : refuse(
        "certificate_wrong_usage",
        "clientCert",
        "The client certificate is not meant for client authentication (extended key usage).",
      );
}

/**
 * Authorities that were given to complete the chain and do not: the endpoint would get the certificate alone, and most
 * likely refuse it. Others beside the right ones do no harm.
 */
function refuseChain(
  leaf: PemCertificate,
  chain: readonly PemCertificate[],
  given: readonly PemCertificate[],
): Refused | undefined {
  const others = given.filter((each) => each !== leaf && each.x509.ca);
  if (others.length === 0 || chain.length > 1 || isRoot(leaf)) return undefined;
  return refuse(
    "certificate_wrong_chain",
    "clientCert",
    `No other certificate in the file issued the client certificate. It was issued by "${nameOf(leaf.x509.issuer)}". ` +
      "Give that one with it, or the client certificate alone.",
  );
}

/**
 * When a client certificate, or an intermediate of its chain, ends first. Undefined for a chain that cannot be read.
 */
export function certificateEnd(clientCert: string): Date | undefined {
  const content = readPem(clientCert);
  return content.ok && content.certificates.length > 0 ? earliestEnd(content.certificates) : undefined;
}

const earliestEnd = (chain: readonly PemCertificate[]): Date =>
  new Date(Math.min(...chain.map(({ x509 }) => Date.parse(x509.validTo))));

/**
 * The roots and what lies below them. OpenSSL trusts a chain only when it ends at a root (RFC 5280, 6.1). With an
 * intermediate alone every delivery would fail. A self-signed certificate of the endpoint itself may be trusted
 * directly. It is no authority, yet it works.
 */
function checkAuthority(ca: string, now: Date): { ok: true; certificates: PemCertificate[] } | Refused {
  const read = readField("ca", ca);
  if (!read.ok) return read;
  const certificates = read.content?.certificates ?? [];
  if (read.content && certificates.length === 0)
    return refuse("ca_unreadable", "ca", `The authority holds no certificate${otherwise(read.content)}.`);
  const [nowhere] = rootless(certificates);
  if (nowhere) {
    return refuse(
      "ca_not_root",
      "ca",
      "The authority is an intermediate certificate. Give the root certificate that it leads to, or " +
        `both: it was issued by "${nameOf(nowhere.x509.issuer)}".`,
    );
  }
  const kept = certificates.filter((each) => each.x509.ca || isRoot(each));
  if (kept.length === 0) {
    return refuse(
      "ca_not_authority",
      "ca",
      "What was given as authority is not the certificate of one (basic constraints). Give the root " +
        `certificate that it leads to: it was issued by "${nameOf(certificates[0]?.x509.issuer ?? "")}".`,
    );
  }
  const ended = kept.some(({ x509 }) => Date.parse(x509.validTo) <= now.getTime());
  return ended
    ? refuse("ca_expired", "ca", "The certificate of the authority has expired.")
    : { ok: true, certificates: kept };
}
