/** Certificates of identity providers: which of them can verify a response, and for how long. */
import { X509Certificate } from "node:crypto";
import { readPem } from "../../endpoint/certificates/pem.js";
import type { IdpCertificate } from "../../store/collections/saml-connections.js";
import { hasUsableKey } from "./response/signature-algorithms.js";
import { DAY_MS } from "../../workflows/durations.js";

/** A certificate is called expiring from this time before its end on. Logs, metrics and views then say so. */
export const EXPIRY_WARNING_MS = 30 * DAY_MS;

export type CertificateFault = "unreadable" | "key_refused";
export type ReadCertificate =
  | { ok: true; certificate: IdpCertificate }
  /** `reason` says what is wrong with the text, where more can be said than the kind of fault. */
  | { ok: false; fault: CertificateFault; reason?: string };

/**
 * Reads one certificate from PEM or from the bare base64 of metadata. Of a chain it takes the leaf. The PEM that it
 * gives is made anew from what was understood.
 */
export function readCertificate(text: string, addedAt: Date): ReadCertificate {
  const parsed = parseCertificates(text);
  if (!parsed.ok) return { ok: false, fault: "unreadable", reason: parsed.reason };
  const [leaf, ...more] = withoutIssuers(parsed.certificates);
  if (!leaf || more.length > 0)
    return {
      ok: false,
      fault: "unreadable",
      reason: "A file holds several certificates that belong to no common chain. Give each one alone.",
    };
  return judgeCertificate(leaf, addedAt);
}

/** The certificate as a connection keeps it, when its key can be used. */
export function judgeCertificate(certificate: X509Certificate, addedAt: Date): ReadCertificate {
  if (!hasUsableKey(certificate)) return { ok: false, fault: "key_refused" };
  return {
    ok: true,
    certificate: {
      pem: certificate.toString(),
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
      fingerprint256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      addedAt,
    },
  };
}

export type ParsedCertificates = { ok: true; certificates: X509Certificate[] } | { ok: false; reason: string };

/** All certificates of a text, at least one. The text is PEM or the bare base64 of metadata. */
export function parseCertificates(text: string): ParsedCertificates {
  const content = readPem(text);
  if (!content.ok) return { ok: false, reason: `A certificate ${content.reason}` };
  if (content.certificates.length > 0) return { ok: true, certificates: content.certificates.map(({ x509 }) => x509) };
  return { ok: false, reason: `A file holds no certificate${content.keys.length > 0 ? ", but a private key" : ""}.` };
}

/** The certificate in an element of metadata. Undefined when the text is not exactly one certificate. */
export function parseCertificate(text: string): X509Certificate | undefined {
  const parsed = parseCertificates(text);
  return parsed.ok && parsed.certificates.length === 1 ? parsed.certificates[0] : undefined;
}

/**
 * The public key, by which two certificates of one key can be recognised. If OpenSSL does not know the kind of key,
 * then it is the certificate itself.
 */
export function keyOf(certificate: X509Certificate): string {
  try {
    return certificate.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  } catch {
    return certificate.fingerprint256;
  }
}

/**
 * Whether one certificate's key signed the other. Their names do not tell, because a provider's next certificate often
 * has the same name.
 */
function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  if (keyOf(authority) === keyOf(certificate) || !certificate.checkIssued(authority)) return false;
  try {
    return certificate.verify(authority.publicKey);
  } catch {
    return false;
  }
}

/**
 * Those whose key issued none of the others. What an authority's key signs is a certificate, and must never be a
 * log-in.
 */
export const withoutIssuers = (certificates: readonly X509Certificate[]): X509Certificate[] =>
  certificates.filter((each) => !certificates.some((other) => isIssuer(each, other)));

type Held = Pick<IdpCertificate, "pem" | "notBefore" | "notAfter">;

/**
 * Those that sign responses. Earlier releases also kept the authorities that stood beside a certificate in metadata.
 */
export function signersOf<T extends Pick<Held, "pem">>(certificates: readonly T[]): T[] {
  if (certificates.length < 2) return [...certificates];
  const signers = new Set(
    withoutIssuers(certificates.map(({ pem }) => new X509Certificate(pem))).map(({ fingerprint256 }) => fingerprint256),
  );
  return certificates.filter(({ pem }) => signers.has(new X509Certificate(pem).fingerprint256));
}

/** Those that sign responses and are valid now. */
export const liveCertificates = <T extends Held>(certificates: readonly T[], now: number): T[] =>
  signersOf(certificates).filter(({ notBefore, notAfter }) => notBefore.getTime() <= now && now < notAfter.getTime());

/**
 * When the connection stops working unless it gets a new certificate: the end of its last one. During a roll-over the
 * old one may end unnoticed, because the new one is trusted already.
 */
export const certificatesEnd = (certificates: readonly Pick<Held, "pem" | "notAfter">[]): Date =>
  new Date(Math.max(0, ...signersOf(certificates).map(({ notAfter }) => notAfter.getTime())));
