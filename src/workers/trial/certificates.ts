/**
 * Certificates that are made at run time: an authority and the certificates that it issues. Nothing is written to disk.
 */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { DAY_MS } from "../../workflows/durations.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const EXTENDED_KEY_USAGE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

export interface CertificateOptions {
  commonName?: string;
  /** DNS names. @default `localhost` */
  names?: string[];
  /** IP addresses. @default 127.0.0.1 and ::1 */
  addresses?: string[];
  /** Extended key usage. `none` leaves the extension out. @default `server` */
  usage?: "server" | "client" | "none";
  /** Ended yesterday. */
  expired?: boolean;
  notBefore?: Date;
  notAfter?: Date;
}

/** PEM, as `tls.createServer` and `EndpointTls` take it. The key is PKCS #8. */
export interface IssuedCertificate {
  cert: string;
  key: string;
}

export interface CertificateAuthority {
  /** PEM of the authority's own certificate, and its key. */
  ca: string;
  key: string;
  issue(options?: CertificateOptions): Promise<IssuedCertificate>;
}

/**
 * A certificate authority with a new key (ECDSA P-256). `commonName` distinguishes several. With `names` it can serve
 * itself.
 */
export async function createCertificateAuthority({
  commonName = "Test authority",
  names = [],
}: { commonName?: string; names?: string[] } = {}): Promise<CertificateAuthority> {
  const authorityKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys: authorityKeys,
    notBefore: new Date(Date.now() - 30 * DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      ...(names.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))]),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });

  async function issue(options: CertificateOptions = {}): Promise<IssuedCertificate> {
    const { names = ["localhost"], addresses = ["127.0.0.1", "::1"], usage = "server", expired = false } = options;
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${options.commonName ?? names[0] ?? "unnamed"}`,
      issuer: authority.subject,
      publicKey: keys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: options.notBefore ?? new Date(Date.now() - 20 * DAY_MS),
      notAfter: options.notAfter ?? new Date(Date.now() + (expired ? -1 : 90) * DAY_MS),
      extensions: [
        new x509.BasicConstraintsExtension(false),
        ...(usage === "none" ? [] : [new x509.ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE[usage]])]),
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: "dns" as const, value })),
          ...addresses.map((value) => ({ type: "ip" as const, value })),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
      ],
    });
    return { cert: certificate.toString("pem") + "\n", key: await keyPem(keys) };
  }
  async function keyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
    return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n";
  }
  return { ca: authority.toString("pem") + "\n", key: await keyPem(authorityKeys), issue };
}
