/**
 * Ed25519 keys of a subscription: made, rotated, published and signed with. A pair belongs to one subscription. With
 * one pair for all, a consumer could pass a delivery of its own on to another consumer, where it would verify.
 */
import { type KeyObject, createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import type { Signing, SigningKey, Subscription } from "../../store/model.js";

/** As many as sign at once, like secrets. */
export const MAX_KEYS = 3;
/** A prepared key takes about 1 KB. Far more subscriptions than this do not sign at the same time. */
const MAX_PREPARED_KEYS = 10_000;

/** A new key pair (RFC 8032), named by its thumbprint. */
export function newSigningKey(now: Date): SigningKey {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }) as { x: string; d: string };
  return { kid: thumbprint(x), publicKey: x, privateKey: d, createdAt: now };
}

/**
 * JWK thumbprint of an Ed25519 public key in base64url (RFC 7638 over the members that RFC 8037, 2 requires, in
 * lexicographic order).
 */
export const thumbprint = (publicKey: string): string =>
  createHash("sha256")
    .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x: publicKey }))
    .digest("base64url");

/** Whether these schemes sign with an Ed25519 key. */
export const needsKey = (signing: Signing | undefined): boolean =>
  signing !== undefined &&
  (signing.schemes.includes("v1a") || (signing.schemes.includes("rfc9421") && signing.rfc9421?.alg !== "hmac-sha256"));

/** The subscription with a key when its schemes need one, and with none when they do not. */
export function withKeys(subscription: Subscription, now: Date): Subscription {
  const { keys, ...rest } = subscription;
  if (!needsKey(subscription.signing)) return rest;
  const live = liveKeys(keys, now);
  return { ...rest, keys: live.length > 0 ? live : [newSigningKey(now)] };
}

/** The keys that sign and are published at `now`: not expired, newest first, at most three. */
export function liveKeys(keys: readonly SigningKey[] | undefined, now: Date): SigningKey[] {
  if (!keys) return [];
  return keys
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
    .slice(0, MAX_KEYS);
}

/** A public key as a JWK (RFC 7517, RFC 8037). */
export interface PublicJwk {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
  kid: string;
  use: "sig";
  alg: "EdDSA";
}

/** The key set that a subscription publishes. */
export const jwksOf = (keys: readonly SigningKey[]): { keys: PublicJwk[] } => ({
  keys: keys.map(({ kid, publicKey }) => ({ kty: "OKP", crv: "Ed25519", x: publicKey, kid, use: "sig", alg: "EdDSA" })),
});

/** A public key as Standard Webhooks writes it. */
export const standardPublicKey = ({ publicKey }: Pick<SigningKey, "publicKey">): string =>
  `whpk_${Buffer.from(publicKey, "base64url").toString("base64")}`;

const prepared = new Map<string, KeyObject>();

/**
 * Signs with the key. The signature has 64 bytes. Preparing a key costs more than signing, so prepared keys are kept,
 * oldest out first.
 */
export function signWithKey(key: Pick<SigningKey, "publicKey" | "privateKey">, message: Uint8Array): Buffer {
  let known = prepared.get(key.privateKey);
  if (!known) {
    known = createPrivateKey({
      format: "jwk",
      key: { kty: "OKP", crv: "Ed25519", x: key.publicKey, d: key.privateKey },
    });
    if (prepared.size >= MAX_PREPARED_KEYS) prepared.delete(prepared.keys().next().value as string);
    prepared.set(key.privateKey, known);
  }
  return sign(null, message, known);
}

/** Scheme `v1a` of Standard Webhooks: what follows in `webhook-signature` for these keys, newest first. */
export function asymmetricSignatures(
  keys: readonly SigningKey[],
  { id, timestampSeconds, body }: { id: string; timestampSeconds: number; body: Uint8Array },
): string {
  // Ed25519 reads its message twice, so it must lie in one piece.
  const message = Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`, "latin1"), body]);
  return keys.map((key) => `v1a,${signWithKey(key, message).toString("base64")}`).join(" ");
}
