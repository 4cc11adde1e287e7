/** Certificates and keys in files that a setting or an argument names. An error names that setting. */
import { certificateOf, chainOf, distinct } from "../endpoint/certificates/certificate-chain.js";
import { PEM_FILE_LIMITS, type PemContent, readPem } from "../endpoint/certificates/pem.js";
import { bytesOfSetting, ConfigError } from "./config.js";

/** A setting and the path that it has. */
export interface PemSetting {
  key: string;
  path: string;
}

/** The certificates of a file as PEM. @throws ConfigError when it cannot be read or holds none */
export function readAuthorities(key: string, path: string): string {
  const { certificates } = readFile({ key, path });
  if (certificates.length === 0) throw refused({ key, path }, "holds no certificate");
  return certificates.map(({ pem }) => pem).join("");
}

/**
 * A client certificate with its chain, and its key. Both may stand in one file. @throws ConfigError when they do not
 * belong together
 */
export function readPair(cert: PemSetting, key: PemSetting): { cert: string; key: string } {
  const [fromCert, fromKey] = [readFile(cert), readFile(key)];
  const certificates = distinct([...fromCert.certificates, ...fromKey.certificates]);
  const keys = [...fromKey.keys, ...fromCert.keys];
  if (certificates.length === 0) throw refused(cert, "holds no certificate");
  if (keys.length === 0)
    throw refused(
      key,
      fromKey.encryptedKey
        ? "holds an encrypted key; decrypt it with `openssl pkey -in key.pem -out plain.pem`"
        : "holds no private key that can be read",
    );
  for (const each of keys) {
    const leaf = certificateOf(certificates, each.key);
    if (leaf)
      return {
        cert: chainOf(leaf, certificates)
          .map(({ pem }) => pem)
          .join(""),
        key: each.pem,
      };
  }
  throw refused(key, `holds a key that does not belong to the certificate of ${cert.key}`);
}

function readFile({ key, path }: PemSetting): Extract<PemContent, { ok: true }> {
  const content = readPem(bytesOfSetting({ key, path }), PEM_FILE_LIMITS);
  if (!content.ok) throw refused({ key, path }, content.reason.replace(/\.$/, ""));
  return content;
}

const refused = ({ key, path }: PemSetting, what: string): ConfigError =>
  new ConfigError(key, `${key} names ${path}, which ${what}.`);
