/** Requests for a log-in, with which the browser is sent to an identity provider (SAML core, 3.4.1). */
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import { type OutgoingMessage, type Sending, sendingOf } from "./bindings.js";
import { samlLibrary } from "./library.js";
import { newRequestId } from "./request-id.js";
import { signingSpKey, withSpKey } from "./sp-keys.js";
import type { ServiceProviderDependencies } from "./posted-response.js";

const MAX_RELAY_STATE_BYTES = 80;
/** `ServiceProvider.begin`. */
export function createAuthnRequests({
  store,
  publicUrl,
}: Pick<ServiceProviderDependencies, "store" | "publicUrl">): (
  connection: SamlConnection,
  relayState: string,
) => Promise<Sending & { requestId: string }> {
  return async (connection, relayState) => {
    if (Buffer.byteLength(relayState) > MAX_RELAY_STATE_BYTES)
      throw new RangeError(`RelayState may have ${MAX_RELAY_STATE_BYTES} bytes.`);
    const requestId = newRequestId(store, connection.id);
    const library = samlLibrary({
      connection,
      publicUrl,
      certificates: connection.certificates.map(({ pem }) => pem),
      requestId,
    });
    const { SAMLRequest } = await library.getAuthorizeMessageAsync("");
    const key = connection.signRequests
      ? signingSpKey((await withSpKey(store, connection))?.keys, new Date())
      : undefined;
    const sending = await sendingOf({
      kind: "SAMLRequest",
      xml: Buffer.from(String(SAMLRequest), "base64").toString("utf8"),
      ...ssoOf(connection),
      relayState,
      ...(key && { key }),
    });
    return { ...sending, requestId };
  };
}

/** By a redirect where it takes one, which needs no script and no page between. */
const ssoOf = ({ ssoUrl, ssoPostUrl }: SamlConnection): Pick<OutgoingMessage, "destination" | "binding"> =>
  ssoUrl === undefined && ssoPostUrl !== undefined
    ? { destination: ssoPostUrl, binding: "post" }
    : { destination: ssoUrl ?? "", binding: "redirect" };
