/**
 * The files of a client certificate, and the change that they come to. The API says in words what is wrong with one.
 */
import type { Schemas } from "../../../api/client.js";
import type { Subscription } from "../../../parts/subscription/model.js";

/** In the order in which they are asked for. */
export const TLS_FILES = ["clientCert", "clientKey", "ca"] as const;
export type TlsFiles = Readonly<Record<(typeof TLS_FILES)[number], string>>;
export const NO_FILES: TlsFiles = { clientCert: "", clientKey: "", ca: "" };

type Change = NonNullable<Schemas["SubscriptionChange"]["tls"]>;

/**
 * Undefined while nothing was given. A change replaces everything of TLS, so what is saved and can be shown goes along.
 * A saved key is never shown. It stays where a certificate comes without a key.
 */
export function tlsChange(saved: Subscription["tls"], files: TlsFiles): Change | undefined {
  const given = Object.fromEntries(TLS_FILES.flatMap((name) => (files[name].trim() ? [[name, files[name]]] : [])));
  if (Object.keys(given).length === 0) return undefined;
  const minVersion = (["TLSv1.2", "TLSv1.3"] as const).find((each) => each === saved?.minVersion);
  return {
    ...(minVersion && { minVersion }),
    ...(saved?.ca !== undefined && { ca: saved.ca }),
    ...(saved?.clientCert !== undefined && given["clientKey"] === undefined && { clientCert: saved.clientCert }),
    ...given,
  };
}
