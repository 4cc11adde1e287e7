/**
 * `@node-saml/passport-saml` with every safe option on: it makes requests and checks signatures; what it leaves open is
 * checked around it.
 */
import { SAML, ValidateInResponseTo } from "@node-saml/passport-saml";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import { acsUrl, spEntityId } from "./addresses.js";
import { CLOCK_SKEW_MS, MAX_ASSERTION_AGE_MS } from "./response/assertion.js";
import { REQUEST_LIFE_MS } from "./request-id.js";

export interface LibraryOptions {
  connection: SamlConnection;
  publicUrl: string;
  /** PEM of the certificates that are trusted now. */
  certificates: string[];
  /** The id that the next request gets. */
  requestId?: string;
  /** When a request was made, ISO 8601; null: it is not known here. Absent: the response answers none. */
  requestedAt?: (id: string) => string | null;
}

/** The library for one request or response. Making it costs microseconds; nothing is kept in it. */
export function samlLibrary({ connection, publicUrl, certificates, requestId, requestedAt }: LibraryOptions): SAML {
  const classRefs = connection.authnContextClassRefs ?? [];
  return new SAML({
    issuer: spEntityId(publicUrl, connection.id),
    audience: spEntityId(publicUrl, connection.id),
    callbackUrl: acsUrl(publicUrl, connection.id),
    entryPoint: connection.ssoUrl ?? connection.ssoPostUrl ?? "",
    idpIssuer: connection.entityId,
    idpCert: certificates,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: connection.requireSignedResponse,
    validateInResponseTo: requestedAt ? ValidateInResponseTo.always : ValidateInResponseTo.never,
    requestIdExpirationPeriodMs: REQUEST_LIFE_MS,
    maxAssertionAgeMs: MAX_ASSERTION_AGE_MS,
    acceptedClockSkewMs: CLOCK_SKEW_MS,
    // The defaults are SHA-1, which nothing here uses: bindings.ts signs, and packs, what goes out.
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    skipRequestCompression: true,
    identifierFormat: null,
    ...(classRefs.length > 0
      ? { disableRequestedAuthnContext: false, authnContext: classRefs, racComparison: "exact" as const }
      : { disableRequestedAuthnContext: true }),
    ...(requestId !== undefined && { generateUniqueId: () => requestId }),
    // The ids prove themselves and are used up by the store: there is nothing to save or to remove.
    cacheProvider: {
      saveAsync: async () => null,
      getAsync: async (id) => requestedAt?.(id) ?? null,
      removeAsync: async () => null,
    },
  });
}
