/** The headers that sign one request, by every scheme that the subscription has chosen. */
import type { SigningScheme, Subscription } from "../../store/model.js";
import { contentDigest, messageSignatureHeaders, type MessageSigner } from "./http-message-signature.js";
import { hmacSignatures, liveSecrets, signWithSecret } from "./sign.js";
import { canonicalUrl } from "../target/target-url.js";
import { asymmetricSignatures, liveKeys, signWithKey } from "./signing-keys.js";

/**
 * What a message signature covers. `@target-uri` holds scheme, host, path and query in one. A consumer compares it with
 * the URL it subscribed, whatever its proxies have made of the request.
 */
const COMPONENTS = [
  "@method",
  "@target-uri",
  "content-type",
  "content-digest",
  "webhook-id",
  "webhook-timestamp",
  "webhook-event-type",
] as const;
/** Label and tag of our message signatures. */
const LABEL = "sealpost";
/** As long as consumers accept a `webhook-timestamp`. */
const VALID_SECONDS = 300;
const DEFAULT_SCHEMES: readonly SigningScheme[] = ["v1"];

export interface RequestToSign {
  subscription: Pick<Subscription, "id" | "url" | "secrets" | "keys" | "signing">;
  method: string;
  body: Uint8Array;
  /**
   * Of the request so far, lower case, with the type of its content. `webhook-id` and `webhook-timestamp` are added
   * here.
   */
  headers: Readonly<Record<string, string>>;
  id: string;
  at: Date;
}

/**
 * Names and values of the signature headers. With scheme `v1` alone it is as cheap as one HMAC. Throws for damaged data
 * only.
 */
export function signatureHeaders({
  subscription,
  method,
  body,
  headers,
  id,
  at,
}: RequestToSign): Record<string, string> {
  const schemes = subscription.signing?.schemes ?? DEFAULT_SCHEMES;
  const timestampSeconds = Math.floor(at.getTime() / 1_000);
  const signed: Record<string, string> = { "webhook-id": id, "webhook-timestamp": String(timestampSeconds) };
  const standard: string[] = [];
  if (schemes.includes("v1"))
    standard.push(
      hmacSignatures({
        id,
        timestampSeconds,
        body,
        secrets: liveSecrets(subscription.secrets, at).map(({ secret }) => secret),
      }),
    );
  if (schemes.includes("v1a"))
    standard.push(asymmetricSignatures(keysOf(subscription, at), { id, timestampSeconds, body }));
  if (standard.length > 0) signed["webhook-signature"] = standard.join(" ");
  if (!schemes.includes("rfc9421")) return signed;
  signed["content-digest"] = contentDigest(body, subscription.signing?.rfc9421?.digest);
  return {
    ...signed,
    ...messageSignatureHeaders({
      message: { method, url: new URL(canonicalUrl(subscription.url)), headers: { ...headers, ...signed } },
      components: componentsOf(headers),
      signers: signersOf(subscription, at),
      label: LABEL,
      tag: LABEL,
      createdSeconds: timestampSeconds,
      expiresSeconds: timestampSeconds + VALID_SECONDS,
    }),
  };
}

/** With the attributes of a CloudEvent: they are part of the event. */
const componentsOf = (headers: RequestToSign["headers"]): readonly string[] => [
  ...COMPONENTS,
  ...Object.keys(headers).filter((name) => name.startsWith("ce-")),
];

/**
 * Names a secret in `keyid` without telling anything of it: by the subscription and the instant at which it was made.
 */
export const secretKeyId = (subscriptionId: string, { createdAt }: { createdAt: Date }): string =>
  `${subscriptionId}.${createdAt.getTime()}`;

function signersOf(subscription: RequestToSign["subscription"], at: Date): MessageSigner[] {
  if (subscription.signing?.rfc9421?.alg === "hmac-sha256") {
    return liveSecrets(subscription.secrets, at).map((each) => ({
      keyid: secretKeyId(subscription.id, each),
      alg: "hmac-sha256",
      sign: (base) => signWithSecret(each.secret, base),
    }));
  }
  return keysOf(subscription, at).map((key) => ({
    keyid: key.kid,
    alg: "ed25519",
    sign: (base) => signWithKey(key, base),
  }));
}

function keysOf({ keys }: RequestToSign["subscription"], at: Date) {
  const live = liveKeys(keys, at);
  if (live.length === 0) throw new Error("There is no live signing key; rotate the keys of the subscription.");
  return live;
}
