/**
 * `@node-saml/passport-saml` with every safe option on. It makes requests and checks signatures. What it does not check
 * is checked by the files around it.
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
  /**
   * When a request was made, ISO 8601. Null when the request is not known here. Absent when the response answers no
   * request.
   */
  requestedAt?: (id: string) => string | null;
}

/** The library for one request or response. Making it costs microseconds, and it keeps nothing. */
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
    // The defaults are SHA-1, but nothing here uses them: bindings.ts signs and packs outgoing messages.
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    skipRequestCompression: true,
    identifierFormat: null,
    ...(classRefs.length > 0
      ? { disableRequestedAuthnContext: false, authnContext: classRefs, racComparison: "exact" as const }
      : { disableRequestedAuthnContext: true }),
    ...(requestId !== undefined && { generateUniqueId: () => requestId }),
    // The ids prove themselves, and the store makes sure that each is used once. So there is nothing to save or to
    // remove.
    cacheProvider: {
      saveAsync: async () => null,
      getAsync: async (id) => requestedAt?.(id) ?? null,
      removeAsync: async () => null,
    },
  });
}
