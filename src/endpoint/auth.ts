/** Headers by which Sealpost proves itself to an endpoint, beside the signature and the client certificate. */
import type { EndpointAuth, OAuth2ClientCredentials, Subscription } from "../store/model.js";

/** A subscription's authentication as a list. */
export function authsOf(auth: Subscription["auth"]): readonly EndpointAuth[] {
  if (!auth) return [];
  return Array.isArray(auth) ? auth : [auth];
}

/** The OAuth2 client, when there is one. There is at most one. */
export const oauthOf = (auth: Subscription["auth"]): OAuth2ClientCredentials | undefined =>
  authsOf(auth).find((each): each is OAuth2ClientCredentials => each.type === "oauth2");

/** The header that a way of authentication writes, in lower case. */
export const headerOf = (auth: Pick<EndpointAuth, "type"> & { header?: string }): string =>
  auth.type === "api_key" ? String(auth.header).toLowerCase() : "authorization";

/**
 * `Authorization: Basic …` (RFC 7617, UTF-8) or `Bearer …` (RFC 6750), and the API-key header. Empty without
 * authentication. OAuth2 without an access token at hand writes nothing.
 */
export function authHeaders(auth: Subscription["auth"], accessToken?: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const each of authsOf(auth)) {
    if (each.type === "basic")
      headers["authorization"] = `Basic ${Buffer.from(`${each.username}:${each.password}`, "utf8").toString("base64")}`;
    else if (each.type === "api_key") headers[headerOf(each)] = each.value;
    else if (accessToken !== undefined) headers["authorization"] = `Bearer ${accessToken}`;
  }
  return headers;
}
