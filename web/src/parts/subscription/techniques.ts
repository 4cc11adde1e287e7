/** How a subscription's endpoint and its deliveries are protected, as short names. */
import type { Subscription } from "./model.js";

export type Technique = "v1" | "v1a" | "rfc9421" | "mtls" | "basic" | "api_key" | "oauth2" | "headers";

type Protected = Pick<Subscription, "signing" | "tls" | "auth" | "headers">;

type Signing = Subscription["signing"];

/** Whether a public key verifies what this scheme signs. What the others sign needs a secret that both sides know. */
export const isVerifiedByKey = (scheme: Signing["schemes"][number], { rfc9421 }: Pick<Signing, "rfc9421">): boolean =>
  scheme === "v1a" || (scheme === "rfc9421" && rfc9421?.alg !== "hmac-sha256");

/** Whether a secret that both sides know signs. Public keys alone need none. */
export const isSignedBySecret = (signing: Signing): boolean =>
  signing.schemes.some((scheme) => !isVerifiedByKey(scheme, signing));

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
