/** Where a connection's identity provider sends people, and how this service calls itself towards it. */

/** Assertion consumer service of the connection. */
export const acsUrl = (publicUrl: string, connectionId: string): string => `${publicUrl}/saml/acs/${connectionId}`;

/** Where the connection's identity provider sends messages of single logout. */
export const sloUrl = (publicUrl: string, connectionId: string): string => `${publicUrl}/saml/slo/${connectionId}`;

/** Entity id of this service towards the connection, its audience, and the address of its metadata. */
export const spEntityId = (publicUrl: string, connectionId: string): string => `${publicUrl}/saml/metadata/${connectionId}`;

const SAML_PARAMETERS = new Set(["samlrequest", "samlresponse", "samlart", "samlencoding", "logoutrequest", "logoutresponse", "sigalg", "signature"]);

/**
 * Whether a request target carries a SAML message in its query. This service takes responses by POST only, so every
 * route of log-in refuses such a target: the library would take an unsigned LogoutRequest there, and inflate 204 KB to 200 MB. Single logout has a route of its own.
 */
export function carriesSamlParameter(target: string): boolean {
  const mark = target.indexOf("?");
  if (mark < 0) return false;
  return target.slice(mark + 1).split(/[&;]/).some((pair) => SAML_PARAMETERS.has(nameOf(pair)));
}

function nameOf(pair: string): string {
  const name = (pair.split("=", 1)[0] ?? "").replaceAll("+", " ");
  try {
    return decodeURIComponent(name).trim().toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}
