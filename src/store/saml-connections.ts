/** SAML connections: one per company, read at a log-in and not held in memory. */
import type { Collection } from "mongodb";
import { type CatalogueDocument, createCatalogueCollection, type Layout, type Rows } from "./catalogue-collection.js";
import type { Exclusive } from "./exclusive.js";
import type { Role } from "./model.js";
import type { CatalogueCollection } from "./store.js";

/** A certificate that the identity provider signs with. Several are trusted during a roll-over. */
export interface IdpCertificate {
  pem: string;
  notBefore: Date;
  notAfter: Date;
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  fingerprint256: string;
  addedAt: Date;
}

/** The roles that a connection may give by name; membership of groups makes a consumer. */
export const SAML_ROLES = ["admin", "provider", "operator", "auditor"] as const satisfies readonly Role[];

/** Whoever's groups hold `samlGroup` has the role. It stands on the connection, so that no company's provider can claim another's. */
export interface SamlRoleMapping {
  samlGroup: string;
  role: (typeof SAML_ROLES)[number];
  /** The apis a provider is limited to; absent: all. */
  apiIds?: string[];
}

/** One company's identity provider, and what it may say about people. */
export interface SamlConnection {
  id: string;
  name: string;
  /** Of the identity provider. */
  entityId: string;
  /** Where it takes requests by the HTTP-Redirect binding, and by HTTP-POST; at least one of the two. */
  ssoUrl?: string;
  ssoPostUrl?: string;
  certificates: IdpCertificate[];
  /** Name of the attribute with a person's groups; absent: the well-known ones in turn. */
  groupsAttribute?: string;
  /** The response must be signed as well as the assertion. */
  requireSignedResponse: boolean;
  /** Responses that nobody asked for are taken. */
  idpInitiated: boolean;
  /** Asked for, and refused without one of them (second factor); absent: none is asked for. */
  authnContextClassRefs?: string[];
  /** The groups whose membership this provider may give; empty: none. */
  groupIds: string[];
  roles: SamlRoleMapping[];
  status: "enabled" | "disabled";
  createdAt: Date;
  updatedAt: Date;
}

const layout: Layout<SamlConnection> = {
  toDocument: async ({ id, ...fields }) => ({ ...fields, _id: id }),
  toItem: async ({ _id, version: _version, ...fields }) => ({ ...fields, id: _id }) as unknown as SamlConnection,
};

/** The same way of changing as a catalogue object, but no write makes every process read the catalogue anew. */
export function createSamlConnectionStore(collection: Collection<CatalogueDocument>, { exclusive, rows }: { exclusive: Exclusive; rows: Rows }): CatalogueCollection<SamlConnection> {
  return createCatalogueCollection(collection, layout, { changed: async () => undefined, exclusive, rows });
}
