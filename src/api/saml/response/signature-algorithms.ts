/**
 * The signature algorithms that an identity provider may use, each with the kind of key that it needs. The sources are
 * XML Signature 1.1, 6.4, and RFC 9231.
 */
import { constants, type KeyObject, verify, X509Certificate } from "node:crypto";

interface SignatureAlgorithm {
  /** The kind of key. A signature by another kind of key is not valid. */
  keyType: "rsa" | "ec";
  digest: "sha256" | "sha384" | "sha512";
  pss?: true;
}

const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
export const RSA_SHA256 = `${MORE}rsa-sha256`;

/** SHA-1 and HMAC are not among them, and never may be. */
export const SIGNATURE_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  [RSA_SHA256, { keyType: "rsa", digest: "sha256" }],
  [`${MORE}rsa-sha384`, { keyType: "rsa", digest: "sha384" }],
  [`${MORE}rsa-sha512`, { keyType: "rsa", digest: "sha512" }],
  ["http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", { keyType: "rsa", digest: "sha256", pss: true }],
  [`${MORE}ecdsa-sha256`, { keyType: "ec", digest: "sha256" }],
  [`${MORE}ecdsa-sha384`, { keyType: "ec", digest: "sha384" }],
  [`${MORE}ecdsa-sha512`, { keyType: "ec", digest: "sha512" }],
]);

/** The digests that a reference may have, by their URI. */
export const DIGEST_ALGORITHMS: ReadonlyMap<string, "sha256" | "sha384" | "sha512"> = new Map([
  ["http://www.w3.org/2001/04/xmlenc#sha256", "sha256"],
  [`${MORE}sha384`, "sha384"],
  ["http://www.w3.org/2001/04/xmlenc#sha512", "sha512"],
]);

const CURVES = new Set(["prime256v1", "secp384r1", "secp521r1"]);
/** Shorter RSA keys are refused. */
const MIN_RSA_BITS = 2_048;

/** Whether the certificate's key may sign: RSA of at least 2,048 bits, or ECDSA on P-256, P-384 or P-521. */
export function hasUsableKey(certificate: X509Certificate): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails = {} } = certificate.publicKey;
    if (asymmetricKeyType === "rsa") return (asymmetricKeyDetails.modulusLength ?? 0) >= MIN_RSA_BITS;
    return asymmetricKeyType === "ec" && CURVES.has(asymmetricKeyDetails.namedCurve ?? "");
  } catch {
    // A kind of key that OpenSSL does not know.
    return false;
  }
}

/**
 * Whether the key of this certificate (PEM) made the signature by the algorithm of this URI. Never throws for what it
 * is given to check.
 */
export function isSignedBy(pem: string, algorithm: string, signed: Uint8Array, signature: Uint8Array): boolean {
  const known = SIGNATURE_ALGORITHMS.get(algorithm);
  if (!known) return false;
  try {
    const { publicKey } = new X509Certificate(pem);
    return (
      publicKey.asymmetricKeyType === known.keyType && verify(known.digest, signed, keyFor(publicKey, known), signature)
    );
  } catch {
    return false;
  }
}

function keyFor(key: KeyObject, { keyType, pss }: SignatureAlgorithm) {
  // r and s one after the other, each as long as the curve's order (XML Signature 1.1, 6.4.3), and not the DER of TLS.
  if (keyType === "ec") return { key, dsaEncoding: "ieee-p1363" as const };
  return pss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key };
}
