/** Checks what a consumer uploads for TLS, so that nothing that cannot work is saved. */
import { type KeyObject, X509Certificate, createPrivateKey } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { EndpointTls } from "../store/model.js";

export type TlsFault =
  | "too_large" | "certificate_without_key" | "key_without_certificate" | "certificate_unreadable" | "certificate_expired" | "certificate_not_yet_valid"
  | "certificate_wrong_usage" | "key_encrypted" | "key_unreadable" | "key_mismatch" | "ca_unreadable" | "ca_not_authority" | "ca_expired";

export type TlsCheck =
  /** `notAfter`: when the client certificate, or an intermediate of it, ends first. */
  | { ok: true; notAfter?: Date }
  | { ok: false; code: TlsFault; reason: string };

const MAX_PEM_CHARACTERS = 65_536;
const MAX_CERTIFICATES = 20;
/** RFC 5280, 4.2.1.12. */
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_USAGE = "2.5.29.37.0";

const REASON: Record<TlsFault, string> = {
  too_large: `Certificates, key and authorities may have ${MAX_PEM_CHARACTERS} characters and ${MAX_CERTIFICATES} certificates each.`,
  certificate_without_key: "A client certificate needs its private key.",
  key_without_certificate: "A private key needs its client certificate.",
  certificate_unreadable: "The client certificate is not PEM, not a certificate, or its key or digest is too weak to be used.",
  certificate_expired: "The client certificate, or an intermediate sent with it, has expired.",
  certificate_not_yet_valid: "The client certificate is not valid yet.",
  certificate_wrong_usage: "The client certificate is not meant for client authentication (extended key usage).",
  key_encrypted: "The private key is encrypted; upload it without a passphrase (it is sealed at rest).",
  key_unreadable: "The private key is not a PEM key that we can read.",
  key_mismatch: "The private key does not belong to the client certificate.",
  ca_unreadable: "The authority is not PEM, or not a certificate.",
  ca_not_authority: "What was given as authority is not the certificate of one (basic constraints).",
  ca_expired: "The certificate of the authority has expired.",
};

const refuse = (code: TlsFault): TlsCheck => ({ ok: false, code, reason: REASON[code] });

/** Checks the TLS material of a subscription at `now`. The reason contains nothing of the material. */
export function checkTls(tls: EndpointTls, now: Date = new Date()): TlsCheck {
  const { clientCert, clientKey, ca } = tls;
  if ([clientCert, clientKey, ca].some((text) => text !== undefined && text.length > MAX_PEM_CHARACTERS)) return refuse("too_large");
  if (ca !== undefined) {
    const fault = authorityFault(ca, now);
    if (fault) return refuse(fault);
  }
  if (clientCert === undefined) return clientKey === undefined ? { ok: true } : refuse("key_without_certificate");
  if (clientKey === undefined) return refuse("certificate_without_key");
  const check = checkClient(clientCert, clientKey, now);
  // The last word has the library that will use it: it also refuses weak keys and digests.
  return check.ok && !isUsable(tls) ? refuse("certificate_unreadable") : check;
}

function isUsable({ clientCert, clientKey, ca }: EndpointTls): boolean {
  try {
    createSecureContext({ cert: clientCert, key: clientKey, ca });
    return true;
  } catch {
    return false;
  }
}

function checkClient(clientCert: string, clientKey: string, now: Date): TlsCheck {
  const chain = readCertificates(clientCert);
  if (chain === "too_large") return refuse("too_large");
  const [leaf] = chain;
  if (!leaf) return refuse("certificate_unreadable");
  const key = readKey(clientKey);
  if (typeof key === "string") return refuse(key);
  if (!leaf.checkPrivateKey(key)) return refuse("key_mismatch");
  const notAfter = earliestEnd(chain);
  if (notAfter <= now) return refuse("certificate_expired");
  if (Date.parse(leaf.validFrom) > now.getTime()) return refuse("certificate_not_yet_valid");
  // Undefined without the extension; the type says otherwise.
  const usages = leaf.keyUsage as string[] | undefined;
  if (usages && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) return refuse("certificate_wrong_usage");
  return { ok: true, notAfter };
}

/** When a client certificate, or an intermediate of its chain, ends first; undefined for a chain that cannot be read. */
export function certificateEnd(clientCert: string): Date | undefined {
  const chain = readCertificates(clientCert);
  return chain === "too_large" || chain.length === 0 ? undefined : earliestEnd(chain);
}

const earliestEnd = (chain: X509Certificate[]): Date => new Date(Math.min(...chain.map((certificate) => Date.parse(certificate.validTo))));

function authorityFault(ca: string, now: Date): TlsFault | undefined {
  const authorities = readCertificates(ca);
  if (authorities === "too_large") return "too_large";
  if (authorities.length === 0) return "ca_unreadable";
  // A self-signed certificate of the endpoint itself may be trusted directly; it is no authority, yet it works.
  if (authorities.some((certificate) => !certificate.ca && certificate.subject !== certificate.issuer)) return "ca_not_authority";
  return authorities.some((certificate) => Date.parse(certificate.validTo) <= now.getTime()) ? "ca_expired" : undefined;
}

/** All certificates of a PEM text in order; empty when one is unreadable or when there is anything that is no certificate. */
function readCertificates(pem: string): X509Certificate[] | "too_large" {
  const blocks = pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  if (blocks.length > MAX_CERTIFICATES) return "too_large";
  try {
    const certificates = blocks.every((block) => block.startsWith("-----BEGIN CERTIFICATE-----")) ? blocks.map((block) => new X509Certificate(block)) : [];
    // OpenSSL reads a certificate of the 99th month, and says "Bad time value" where its end should stand.
    return certificates.some(({ validFrom, validTo }) => Number.isNaN(Date.parse(validFrom)) || Number.isNaN(Date.parse(validTo))) ? [] : certificates;
  } catch {
    return [];
  }
}

function readKey(pem: string): KeyObject | "key_encrypted" | "key_unreadable" {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return "key_encrypted";
  try {
    return createPrivateKey(pem);
  } catch {
    return "key_unreadable";
  }
}
