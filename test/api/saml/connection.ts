/** A connection to an identity provider of the tests' own. */
import { readCertificate } from "../../../src/api/saml/certificates.js";
import { newId } from "../../../src/store/ids.js";
import type { IdpCertificate, SamlConnection } from "../../../src/store/saml-connections.js";
import type { SamlIdp } from "../../support/saml-idp.js";

export const PUBLIC_URL = "https://hooks.example.com";

/** The certificate as a connection holds it. */
export function certificateOf(pem: string): IdpCertificate {
  const read = readCertificate(pem, new Date());
  if (!read.ok) throw new Error(`The test's certificate is ${read.fault}`);
  return read.certificate;
}

/** A connection with the defaults. */
export const connectionTo = (idp: SamlIdp, changes: Partial<SamlConnection> = {}): SamlConnection => ({
  id: newId("sso"), name: "Example", entityId: idp.entityId, ssoUrl: idp.ssoUrl, certificates: [certificateOf(idp.key.cert)],
  requireSignedResponse: true, idpInitiated: false, groupIds: [], roles: [], status: "enabled", createdAt: new Date(), updatedAt: new Date(), ...changes,
});
