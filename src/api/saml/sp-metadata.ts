/**
 * The metadata of this service for an identity provider (SAML 2.0 metadata, 2.4.4): its entity id, its keys, and where
 * it takes which message.
 */
import { liveSpKeys, type SamlConnection, type SpKey } from "../../store/collections/saml-connections.js";
import { html, type Html } from "../pages/html.js";
import { acsUrl, sloUrl, spEntityId } from "./addresses.js";
import { OAEP_11, OAEP_SHA1, OFFERED_CIPHERS } from "./response/encrypted-data.js";
import { POST, REDIRECT } from "./response/response.js";

const bare = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");

function keyDescriptor({ certificate }: SpKey, use: "signing" | "encryption"): Html {
  const methods = use === "encryption" ? METHODS : undefined;
  return html`
    <KeyDescriptor use="${use}">
      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>${bare(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${methods}
    </KeyDescriptor>`;
}

/** The best first, as a provider takes the first that it knows. */
const METHODS = html`${[...OFFERED_CIPHERS, OAEP_SHA1, OAEP_11].map(
  (algorithm) => html`
      <EncryptionMethod Algorithm="${algorithm}"/>`,
)}`;

/**
 * The document for the connection as it is now. Each valid key may have signed something, so all are published for
 * signing. From now on the provider encrypts for the newest one.
 */
export function spMetadata(connection: SamlConnection, publicUrl: string, now = new Date()): string {
  const keys = liveSpKeys(connection.keys, now);
  return html`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
  xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${spEntityId(publicUrl, connection.id)}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"
    AuthnRequestsSigned="${String(connection.signRequests === true)}" WantAssertionsSigned="true">${[
      ...keys.map((key) => keyDescriptor(key, "signing")),
      ...keys.slice(0, 1).map((key) => keyDescriptor(key, "encryption")),
    ]}${[REDIRECT, POST].map(
      (binding) => html`
    <SingleLogoutService Binding="${binding}" Location="${sloUrl(publicUrl, connection.id)}"/>`,
    )}
    <AssertionConsumerService index="1" isDefault="true" Binding="${POST}"
      Location="${acsUrl(publicUrl, connection.id)}"/>
  </SPSSODescriptor>
</EntityDescriptor>
`.text;
}
