/** How a subscription's endpoint and its deliveries are protected, as short names. */
import type { Subscription } from "./model.js";

export type Technique = "v1" | "v1a" | "rfc9421" | "mtls" | "basic" | "api_key" | "oauth2" | "headers";

type Protected = Pick<Subscription, "signing" | "tls" | "auth" | "headers">;

/** Whether a secret that both sides know signs. Public keys alone need none. */
export const isSignedBySecret = ({ schemes, rfc9421 }: Subscription["signing"]): boolean =>
  schemes.includes("v1") || (schemes.includes("rfc9421") && rfc9421?.alg === "hmac-sha256");

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
