/** How a subscription's endpoint and its deliveries are protected, as short names. */
import type { Subscription } from "./model.js";

export type Technique = "v1" | "v1a" | "rfc9421" | "mtls" | "basic" | "api_key" | "oauth2" | "headers";

type Protected = Pick<Subscription, "signing" | "tls" | "auth" | "headers">;

/** In the order in which they are shown. */
export function techniquesOf({ signing, tls, auth, headers }: Protected): Technique[] {
  const auths = auth === undefined ? [] : Array.isArray(auth) ? auth : [auth];
  return [
    ...signing.schemes,
    ...(tls?.clientCert === undefined ? [] : ["mtls" as const]),
    ...auths.map(({ type }) => type),
    ...(headers !== undefined && headers.length > 0 ? ["headers" as const] : []),
  ];
}
