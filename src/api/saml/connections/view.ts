/** A SAML connection as administrators and auditors see it. It has everything but private keys. */
import type { z } from "zod";
import { liveSpKeys, type SamlConnection, type SpKey } from "../../../store/collections/saml-connections.js";
import { acsUrl, spEntityId } from "../addresses.js";
import { certificatesEnd, EXPIRY_WARNING_MS } from "../certificates.js";
import type { connectionView } from "./schemas.js";
import type { RequestContext } from "../../route.js";

/** The view of a connection. `publicUrl` has no slash at the end. */
export function connectionViewOf(
  { certificates, keys, createdAt, updatedAt, ...connection }: SamlConnection,
  publicUrl: string,
): z.input<typeof connectionView> {
  const end = certificatesEnd(certificates);
  return {
    ...connection,
    certificates: certificates.map(({ notBefore, notAfter, addedAt, ...each }) => ({
      ...each,
      notBefore: notBefore.toISOString(),
      notAfter: notAfter.toISOString(),
      addedAt: addedAt.toISOString(),
    })),
    certificateExpiresAt: end.toISOString(),
    expiring: end.getTime() - Date.now() < EXPIRY_WARNING_MS,
    keys: liveSpKeys(keys, new Date()).map(publicPart),
    acsUrl: acsUrl(publicUrl, connection.id),
    spEntityId: spEntityId(publicUrl, connection.id),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

const publicPart = ({ fingerprint256, certificate, notAfter, createdAt, expiresAt }: SpKey) => ({
  fingerprint256,
  certificate,
  notAfter: notAfter.toISOString(),
  createdAt: createdAt.toISOString(),
  ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
});

/** The view under the address of this service. */
export const viewFor =
  ({ dependencies: { settings } }: RequestContext<"settings">) =>
  (connection: SamlConnection) =>
    connectionViewOf(connection, settings.publicUrl);
