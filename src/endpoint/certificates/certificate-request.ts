/** Certificate requests (PKCS #10, RFC 2986): the service makes the key, the consumer's authority signs the request. */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { type JsonName, PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { PendingCertificate } from "../../store/model.js";

export interface CertificateSubject {
  commonName: string;
  organization?: string | undefined;
  organizationalUnit?: string | undefined;
  locality?: string | undefined;
  state?: string | undefined;
  country?: string | undefined;
}
export type CertificateKeyType = keyof typeof ALGORITHMS;

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
const ALGORITHMS = {
  "ec-p256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "ec-p384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "rsa-2048": { ...RSA, modulusLength: 2_048 },
  "rsa-3072": { ...RSA, modulusLength: 3_072 },
} as const;

/** Short names of RFC 4519, most significant first as in a distinguished name of X.500. */
const ATTRIBUTES = [
  ["country", "C"],
  ["state", "ST"],
  ["locality", "L"],
  ["organization", "O"],
  ["organizationalUnit", "OU"],
  ["commonName", "CN"],
] as const;

/** A fresh key and the request for it, both PEM. */
export async function createCertificateRequest(
  subject: CertificateSubject,
  keyType: CertificateKeyType = "ec-p256",
): Promise<Pick<PendingCertificate, "key" | "request">> {
  const algorithm = ALGORITHMS[keyType];
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  // As objects, not as text: a comma or an equals sign in a value cannot become another attribute.
  const name: JsonName = ATTRIBUTES.flatMap(([field, attribute]) => {
    const value = subject[field];
    return value === undefined ? [] : [{ [attribute]: [value] }];
  });
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
  return {
    key: PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n",
    request: request.toString("pem") + "\n",
  };
}
