/** The certificates of the connection to Temporal. It loads no SDK, so that a start is refused before one is loaded. */
import type { TLSConfig } from "@temporalio/worker";
import { type Config, ConfigError } from "./config.js";
import { type PemSetting, readAuthorities, readPair } from "./pem-files.js";

/** @throws ConfigError when a file cannot be read, holds something else, or its partner is missing */
export function tlsOf(config: Config): TLSConfig | undefined {
  const { TEMPORAL_TLS_CA_FILE: ca, TEMPORAL_TLS_CERT_FILE: cert, TEMPORAL_TLS_KEY_FILE: key } = config;
  if (!ca && !cert && !key) return undefined;
  if (Boolean(cert) !== Boolean(key))
    throw new ConfigError(
      "TEMPORAL_TLS_CERT_FILE",
      "TEMPORAL_TLS_CERT_FILE and TEMPORAL_TLS_KEY_FILE go together: set both or neither.",
    );
  return {
    ...(ca && { serverRootCACertificate: Buffer.from(readAuthorities("TEMPORAL_TLS_CA_FILE", ca)) }),
    ...(cert &&
      key && {
        clientCertPair: clientPair(
          { key: "TEMPORAL_TLS_CERT_FILE", path: cert },
          { key: "TEMPORAL_TLS_KEY_FILE", path: key },
        ),
      }),
  };
}

function clientPair(cert: PemSetting, key: PemSetting): { crt: Buffer; key: Buffer } {
  const pair = readPair(cert, key);
  return { crt: Buffer.from(pair.cert), key: Buffer.from(pair.key) };
}
