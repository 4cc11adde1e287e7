/** Certificates made at run time, by the code that makes those of the demo. */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsageExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Certificates,
} from "@peculiar/x509";
import type { CertificateAuthority } from "../../src/workers/trial/certificates.js";

export * from "../../src/workers/trial/certificates.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** The certificate (PEM) that an authority gives for a certificate request, after it has checked who asks. */
export async function signRequest(
  { ca, key }: CertificateAuthority,
  request: string,
  { usage = "client", expired = false }: { usage?: "client" | "server"; expired?: boolean } = {},
): Promise<string> {
  const parsed = new Pkcs10CertificateRequest(request);
  if (!(await parsed.verify())) throw new Error("The request is not signed with its own key.");
  const certificate = await X509CertificateGenerator.create({
    subject: parsed.subject,
    publicKey: parsed.publicKey,
    issuer: new X509Certificate(ca).subject,
    signingAlgorithm: ALGORITHM,
    signingKey: await webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), ALGORITHM, false, ["sign"]),
    notBefore: new Date(Date.now() - 20 * DAY_MS),
    notAfter: new Date(Date.now() + (expired ? -1 : 90) * DAY_MS),
    extensions: [new ExtendedKeyUsageExtension([usage === "client" ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1"])],
  });
  return certificate.toString("pem") + "\n";
}

/** A certificate (PEM) with a fresh key (PKCS #8), signed by the issuer's. */
async function signedBy(
  issuer: { cert: string; key: string },
  subject: string,
  extensions: Extension[],
): Promise<{ cert: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject,
    publicKey: keys.publicKey,
    issuer: new X509Certificate(issuer.cert).subject,
    signingAlgorithm: ALGORITHM,
    extensions,
    signingKey: await webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(issuer.key), ALGORITHM, false, [
      "sign",
    ]),
    notBefore: new Date(Date.now() - 20 * DAY_MS),
    notAfter: new Date(Date.now() + 90 * DAY_MS),
  });
  return {
    cert: certificate.toString("pem") + "\n",
    key: PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n",
  };
}

/** An intermediate below the authority, and a leaf for `localhost` below that, usable as server and as client. */
export async function issueChain(
  authority: CertificateAuthority,
): Promise<{ intermediate: { cert: string; key: string }; leaf: { cert: string; key: string } }> {
  const intermediate = await signedBy({ cert: authority.ca, key: authority.key }, "CN=Test intermediate", [
    new BasicConstraintsExtension(true, undefined, true),
  ]);
  const leaf = await signedBy(intermediate, "CN=leaf", [
    new SubjectAlternativeNameExtension([
      { type: "dns", value: "localhost" },
      { type: "ip", value: "127.0.0.1" },
    ]),
    new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]),
  ]);
  return { intermediate, leaf };
}

/** DER of a PKCS #7 file with these certificates (PEM). */
export const pkcs7Of = (certificates: readonly string[]): Buffer =>
  Buffer.from(new X509Certificates(certificates.map((pem) => new X509Certificate(pem))).export("raw"));

/** Another certificate (PEM) for the key of one, by the same authority. */
export async function renewedBy(
  { ca, key }: CertificateAuthority,
  { cert }: { cert: string },
  notAfter: Date,
): Promise<string> {
  const { subject, publicKey } = new X509Certificate(cert);
  const certificate = await X509CertificateGenerator.create({
    subject,
    publicKey,
    issuer: new X509Certificate(ca).subject,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter,
    signingKey: await webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), ALGORITHM, false, ["sign"]),
  });
  return certificate.toString("pem") + "\n";
}
