/** Certificates made at run time, by the code that makes those of the demo. */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { ExtendedKeyUsageExtension, PemConverter, Pkcs10CertificateRequest, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import type { CertificateAuthority } from "../../src/workers/certificates.js";

export * from "../../src/workers/certificates.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** The certificate (PEM) that an authority gives for a certificate request, after it has checked who asks. */
export async function signRequest({ ca, key }: CertificateAuthority, request: string, { usage = "client", expired = false }: { usage?: "client" | "server"; expired?: boolean } = {}): Promise<string> {
  const parsed = new Pkcs10CertificateRequest(request);
  if (!(await parsed.verify())) throw new Error("The request is not signed with its own key.");
  const certificate = await X509CertificateGenerator.create({
    subject: parsed.subject, publicKey: parsed.publicKey, issuer: new X509Certificate(ca).subject, signingAlgorithm: ALGORITHM,
    signingKey: await webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), ALGORITHM, false, ["sign"]),
    notBefore: new Date(Date.now() - 20 * DAY_MS), notAfter: new Date(Date.now() + (expired ? -1 : 90) * DAY_MS),
    extensions: [new ExtendedKeyUsageExtension([usage === "client" ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1"])],
  });
  return certificate.toString("pem") + "\n";
}
