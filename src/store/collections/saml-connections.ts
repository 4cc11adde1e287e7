/** SAML connections, one for each company. They are read at a log-in and not held in memory. */
import { Binary, type Collection } from "mongodb";
import {
  type CatalogueDocument,
  createCatalogueCollection,
  type Layout,
  type Rows,
} from "../mongo/catalogue-collection.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import type { Role } from "../model.js";
import type { Scan } from "../mongo/scans.js";
import type { CatalogueCollection } from "../collection.js";

/** A certificate that the identity provider signs with. Several are trusted during a roll-over. */
export interface IdpCertificate {
  pem: string;
  notBefore: Date;
  notAfter: Date;
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  fingerprint256: string;
  addedAt: Date;
}

/**
 * A key pair of this service towards one identity provider. It signs the requests, and it opens what the provider
 * encrypts.
 */
export interface SpKey {
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  fingerprint256: string;
  /** PEM, self-signed, because metadata gives keys as certificates (SAML metadata interoperability 1.0, 2.6). */
  certificate: string;
  notAfter: Date;
  /** PEM, PKCS #8. Sealed at rest. */
  privateKey: string;
  createdAt: Date;
  /** From this time on it is neither used nor published. Absent until it is rotated. */
  expiresAt?: Date;
}

/** As many as are published and decrypt at once. */
export const MAX_SP_KEYS = 3;

/** Those that count at `now`, newest first. */
export const liveSpKeys = (keys: readonly SpKey[] | undefined, now: Date): SpKey[] =>
  (keys ?? [])
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime())
    .slice(0, MAX_SP_KEYS);

/** The roles that a connection may give by name. Membership of groups makes a consumer. */
export const SAML_ROLES = ["admin", "provider", "operator", "auditor"] as const satisfies readonly Role[];

/**
 * People with a group that holds `samlGroup` have the role. The table is part of the connection, so that no company's
 * provider can claim another's groups.
 */
export interface SamlRoleMapping {
  samlGroup: string;
  role: (typeof SAML_ROLES)[number];
  /** The apis that a provider is limited to. All when absent. */
  apiIds?: string[];
}

/** Where an identity provider takes LogoutRequests, and LogoutResponses when that is elsewhere. */
export interface LogoutEndpoint {
  url: string;
  responseUrl?: string;
}

/** One company's identity provider, and what it may say about people. */
export interface SamlConnection {
  id: string;
  name: string;
  /** Of the identity provider. */
  entityId: string;
  /** Where it takes requests by the HTTP-Redirect binding, and by HTTP-POST. It has at least one of the two. */
  ssoUrl?: string;
  ssoPostUrl?: string;
  /** Where it takes messages of single logout. Absent when it takes none. */
  slo?: { redirect?: LogoutEndpoint; post?: LogoutEndpoint };
  certificates: IdpCertificate[];
  /** This service's own key pairs towards it. Absent when none has been needed yet. */
  keys?: SpKey[];
  /** The name of the attribute with a person's groups. When absent, the well-known names are tried in turn. */
  groupsAttribute?: string;
  /** The response must be signed as well as the assertion. */
  requireSignedResponse: boolean;
  /** Responses without a request are accepted. */
  idpInitiated: boolean;
  /** Requests are signed, because the identity provider or an administrator asks for it. Not signed when absent. */
  signRequests?: boolean;
  /** By how many seconds its clock may differ. When absent, the service's setting counts. */
  clockSkewSeconds?: number;
  /**
   * The classes that are asked for (second factor). A response without one of them is refused. None is asked for when
   * absent.
   */
  authnContextClassRefs?: string[];
  /** The groups whose membership this provider may give. It gives none when empty. */
  groupIds: string[];
  roles: SamlRoleMapping[];
  status: "enabled" | "disabled";
  createdAt: Date;
  updatedAt: Date;
}

/** An SpKey as JSON. */
type WrittenKey = Omit<SpKey, "notAfter" | "createdAt" | "expiresAt"> & {
  notAfter: string;
  createdAt: string;
  expiresAt?: string;
};

const OWNER = "system";
const keysOf = (id: string): SealContext => ({ collection: "samlConnections", id, field: "keys", owner: OWNER });
const read = ({ notAfter, createdAt, expiresAt, ...key }: WrittenKey): SpKey => ({
  ...key,
  notAfter: new Date(notAfter),
  createdAt: new Date(createdAt),
  ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
});

/** The keys are sealed under the system's own data key, because a connection belongs to no group. */
function samlConnectionLayout(keyring: Pick<Keyring, "scope" | "forSealed">): Layout<SamlConnection> {
  return {
    async toDocument({ id, keys, ...fields }) {
      if (!keys) return { ...fields, _id: id };
      const sealed = (await keyring.scope(OWNER)).seal(keysOf(id), Buffer.from(JSON.stringify(keys)));
      return { ...fields, _id: id, sealedKeys: new Binary(sealed) };
    },
    async toItem({ _id, version: _version, sealedKeys, ...fields }) {
      const connection = { ...fields, id: _id } as unknown as SamlConnection;
      if (!(sealedKeys instanceof Binary)) return connection;
      const bytes = sealedKeys.value();
      const opened = (await keyring.forSealed(bytes)).open(keysOf(_id), bytes);
      const keys = (JSON.parse(Buffer.from(opened).toString("utf8")) as WrittenKey[]).map(read);
      opened.fill(0);
      return { ...connection, keys };
    },
  };
}

export interface SamlConnectionDependencies {
  exclusive: Exclusive;
  rows: Rows;
  keyring: Pick<Keyring, "scope" | "forSealed">;
  scan: Scan;
}

/** The same way of changing as a catalogue object, but no write makes every process read the catalogue anew. */
export function createSamlConnectionStore(
  collection: Collection<CatalogueDocument>,
  { exclusive, rows, keyring, scan }: SamlConnectionDependencies,
): CatalogueCollection<SamlConnection> {
  return createCatalogueCollection(collection, samlConnectionLayout(keyring), {
    changed: async () => undefined,
    doubtful: () => undefined,
    exclusive,
    rows,
    scan,
  });
}
