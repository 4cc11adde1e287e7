/**
 * What of a request is secret: every value by which a subscription authenticates, its own headers, and the query of its
 * URL.
 */
import type { EndpointAuth, Subscription } from "../../store/model.js";
import { partsOfUrl } from "../../store/url-secrets.js";
import { authsOf } from "../auth.js";
import { createSecretMask, type SecretMask, type Secrets } from "./secret-mask.js";
import { percentEncoded } from "./secret-search.js";

/** One mask for each subscription as it is in memory, because making one takes longer than using it. */
const masks = new WeakMap<Subscription, { tokens: string; mask: SecretMask | undefined }>();

/**
 * The mask for what an endpoint of the subscription answers. Undefined when the request carries nothing secret.
 * `tokens` are the access tokens that were sent. Signatures are not masked. They are made for one message and one
 * second, and nothing can be signed with them.
 */
export function maskFor(subscription: Subscription, tokens: readonly string[]): SecretMask | undefined {
  const known = masks.get(subscription);
  const key = tokens.join(" ");
  if (known?.tokens === key) return known.mask;
  const mask = createSecretMask(secretsOf(subscription, tokens));
  masks.set(subscription, { tokens: key, mask });
  return mask;
}

function secretsOf({ url, auth, headers = {} }: Subscription, tokens: readonly string[]): Secrets {
  const auths = authsOf(auth);
  return {
    values: [...auths.flatMap(valuesOf), ...Object.values(headers).flatMap(withParts), ...tokens],
    longValues: [url, ...auths.flatMap((each) => (each.type === "oauth2" ? [each.tokenUrl] : []))].flatMap(partsOfUrl),
  };
}

function valuesOf(auth: EndpointAuth): string[] {
  switch (auth.type) {
    case "basic":
      return [auth.password, ...pairOf(auth.username, auth.password)];
    case "api_key":
      return withParts(auth.value);
    case "oauth2":
      // Sent to the authorization server, which is often the endpoint's own.
      return [
        auth.clientSecret,
        ...pairOf(auth.clientId, auth.clientSecret),
        ...pairOf(percentEncoded(auth.clientId), percentEncoded(auth.clientSecret)),
      ];
  }
}

const pairOf = (name: string, password: string): string[] => [
  `${name}:${password}`,
  Buffer.from(`${name}:${password}`).toString("base64"),
];

/** A header's value, and the credentials in it when they stand behind a scheme (RFC 9110, 11.4). */
function withParts(value: string): string[] {
  const [, scheme = "", credentials] = /^([A-Za-z][\w-]*) +(\S+)$/.exec(value) ?? [];
  if (credentials === undefined) return [value];
  if (scheme.toLowerCase() !== "basic") return [value, credentials];
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  return [value, credentials, pair, pair.slice(pair.indexOf(":") + 1)];
}
