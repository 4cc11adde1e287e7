/** Which of several certificates is whose: the one of a key, its chain, and the roots that a chain ends at. */
import type { KeyObject, X509Certificate } from "node:crypto";
import type { PemCertificate } from "./pem.js";

/** Issued by itself, and signed with its own key: a root, or a certificate that is trusted directly. */
export function isRoot({ x509 }: PemCertificate): boolean {
  return isIssuedBy(x509, x509);
}

/** By name and by signature. A signature that OpenSSL cannot check counts by its names. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject) return false;
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return true;
  }
}

/**
 * The certificate of the key. After a renewal with the same key there are several, and the one that ends last is taken.
 */
export function certificateOf(certificates: readonly PemCertificate[], key: KeyObject): PemCertificate | undefined {
  return certificates.filter(({ x509 }) => x509.checkPrivateKey(key)).sort((a, b) => endOf(b) - endOf(a))[0];
}

const endOf = ({ x509 }: PemCertificate): number => Date.parse(x509.validTo);

/**
 * The certificate, then each one that issued one before it: the order of TLS (RFC 5246, 7.4.2). What belongs to another
 * chain is left out.
 */
export function chainOf(leaf: PemCertificate, certificates: readonly PemCertificate[]): PemCertificate[] {
  const chain = [leaf];
  // The list grows while it is walked.
  for (const each of chain) {
    for (const issuer of certificates)
      if (!chain.includes(issuer) && issuer.x509.ca && isIssuedBy(each.x509, issuer.x509)) chain.push(issuer);
  }
  return chain;
}

/**
 * Those that lead nowhere: certificates of authorities whose own issuer is missing. One that is there as a root too, by
 * the same name and key, is cross-signed and leads there.
 */
export function rootless(certificates: readonly PemCertificate[]): PemCertificate[] {
  const roots = certificates.filter(isRoot);
  const reaches = (each: PemCertificate): boolean =>
    chainOf(each, certificates).some((link) =>
      roots.some(
        (root) =>
          root === link || (root.x509.subject === link.x509.subject && root.x509.publicKey.equals(link.x509.publicKey)),
      ),
    );
  return certificates.filter((each) => each.x509.ca && !reaches(each));
}

/** Each once: certificate and key are often given as the same file twice. */
export const distinct = (certificates: readonly PemCertificate[]): PemCertificate[] => [
  ...new Map(certificates.map((each) => [each.pem, each])).values(),
];

/** A distinguished name for a message: one line, shortened. */
export function nameOf(name: string): string {
  const line = name
    .split(/[\r\n]+/)
    .join(", ")
    .replaceAll(/[^\x20-\x7e\u00a0-\u024f]/g, "?");
  return line.length <= 120 ? line : `${line.slice(0, 120)}…`;
}
