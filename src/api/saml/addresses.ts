/** Where a connection's identity provider sends people, and how this service calls itself towards it. */

/** Assertion consumer service of the connection. */
export const acsUrl = (publicUrl: string, connectionId: string): string => `${publicUrl}/saml/acs/${connectionId}`;

/** Where the connection's identity provider sends messages of single logout. */
export const sloUrl = (publicUrl: string, connectionId: string): string => `${publicUrl}/saml/slo/${connectionId}`;

/** Entity id of this service towards the connection, its audience, and the address of its metadata. */
export const spEntityId = (publicUrl: string, connectionId: string): string =>
  `${publicUrl}/saml/metadata/${connectionId}`;
