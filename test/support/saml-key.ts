/** Keys and certificates of identity providers. */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const DAY_MS = 86_400_000;

/** PEM of a self-signed certificate and its private key (PKCS #8). */
export interface SamlKey {
  cert: string;
  key: string;
}

export interface SamlKeyOptions {
  bits?: number;
  notBefore?: Date;
  notAfter?: Date;
  name?: string;
  /** The certificate says that it is an authority's. */
  ca?: boolean;
  /** Signs the certificate. By default its own key does. */
  issuer?: SamlKey;
  /** The key that is certified. By default it is a new one. */
  of?: SamlKey;
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const privateKeyOf = ({ key }: SamlKey) =>
  webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(key), RSA, true, ["sign"]);

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;

/** An RSA key with a certificate, as identity providers have them. */
export async function createSamlKey({
  bits = 2_048,
  notBefore = new Date(Date.now() - DAY_MS),
  notAfter = new Date(Date.now() + 365 * DAY_MS),
  name = "Test identity provider",
  ca,
  issuer,
  of,
}: SamlKeyOptions = {}): Promise<SamlKey> {
  const made = of
    ? undefined
    : await webcrypto.subtle.generateKey(
        { ...RSA, modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]) },
        true,
        ["sign", "verify"],
      );
  const publicKey = made?.publicKey ?? new x509.X509Certificate(of?.cert ?? "").publicKey;
  const key = of?.key ?? (await pemOf((made as CryptoKeyPair).privateKey));
  const subject = `CN=${name}`;
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer ? new x509.X509Certificate(issuer.cert).subject : subject,
    publicKey,
    signingKey: await privateKeyOf(issuer ?? { key, cert: "" }),
    notBefore,
    notAfter,
    signingAlgorithm: RSA,
    extensions: ca === undefined ? [] : [new x509.BasicConstraintsExtension(ca, undefined, true)],
  });
  return { cert: `${certificate.toString("pem")}\n`, key };
}

/** A key on an elliptic curve, with its certificate. */
export async function createCurveKey(curve: "P-256" | "P-384" | "P-521" | "Ed25519"): Promise<SamlKey> {
  const algorithm = curve === "Ed25519" ? { name: curve } : { name: "ECDSA", namedCurve: curve, hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("no key pair");
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Test identity provider",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  });
  return { cert: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/** The base64 of a certificate, as metadata and KeyInfo hold it. */
export const bareCertificate = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");
