/** Certificates of identity providers: which of them can verify a response, and for how long. */
import { X509Certificate } from "node:crypto";
import type { IdpCertificate } from "../../store/saml-connections.js";

/** From so long before its end a certificate is called expiring: logs, metrics and views say so. */
export const EXPIRY_WARNING_MS = 30 * 86_400_000;

export type CertificateFault = "unreadable" | "key_refused";
export type ReadCertificate = { ok: true; certificate: IdpCertificate } | { ok: false; fault: CertificateFault };

/** Shorter RSA keys are refused; other kinds of keys cannot be used by the library for signatures. */
const MIN_RSA_BITS = 2_048;
const MAX_CHARACTERS = 16_384;

/** Reads one certificate, PEM or the bare base64 of metadata. What comes out is PEM made anew from what was understood. */
export function readCertificate(text: string, addedAt: Date): ReadCertificate {
  if (text.length > MAX_CHARACTERS) return { ok: false, fault: "unreadable" };
  const certificate = certificateOf(text);
  if (!certificate) return { ok: false, fault: "unreadable" };
  if (!hasUsableKey(certificate)) return { ok: false, fault: "key_refused" };
  return {
    ok: true,
    certificate: {
      pem: certificate.toString(), notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo),
      fingerprint256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(), addedAt,
    },
  };
}

function hasUsableKey(certificate: X509Certificate): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    return asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    // A kind of key that OpenSSL does not know.
    return false;
  }
}

function certificateOf(text: string): X509Certificate | undefined {
  const pem = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(text)?.[1];
  const base64 = (pem ?? text).replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  try {
    return new X509Certificate(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}

/** Those that are valid now. */
export const liveCertificates = <T extends Pick<IdpCertificate, "notBefore" | "notAfter">>(certificates: readonly T[], now: number): T[] =>
  certificates.filter(({ notBefore, notAfter }) => notBefore.getTime() <= now && now < notAfter.getTime());

/**
 * When the connection stops working unless something is done: the end of its last certificate. During a roll-over the old one may end
 * without anybody noticing, because the new one is trusted already.
 */
export const certificatesEnd = (certificates: readonly Pick<IdpCertificate, "notAfter">[]): Date =>
  new Date(Math.max(...certificates.map(({ notAfter }) => notAfter.getTime())));
