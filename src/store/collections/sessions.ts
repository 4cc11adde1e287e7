/**
 * People's sessions. The id is an HMAC of the cookie's token, so that a reader of the database cannot take a session
 * over. What the identity provider said about the person is sealed under the person's own key. The person, the
 * connection, the role and the times are under a MAC. So a writer of the database cannot move a session to a connection
 * that gives more.
 */
import { Binary, type Collection } from "mongodb";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Grants } from "../grants/grants.js";
import type { SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import type { Role } from "../model.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { personScope } from "./people.js";
import type { Scan } from "../mongo/scans.js";
import { StoreError } from "../store-error.js";

/** From where a log-in came, so that its person can tell a foreign one. */
export interface SessionOrigin {
  address?: string;
  /** `User-Agent`, as the browser sent it. */
  userAgent?: string;
}

/** What the identity provider said at the log-in, and from where that came. It is sealed at rest. */
export interface SessionIdentity {
  nameId: string;
  displayName?: string;
  email?: string;
  /** Values of the groups attribute, as they were sent. What they give is decided at each request. */
  groups: string[];
  sessionIndex?: string;
  /** How the identity provider qualifies the name, which it wants to read again at a log-out. */
  nameIdFormat?: string;
  nameQualifier?: string;
  spNameQualifier?: string;
  /** Absent on a session of an earlier release. */
  from?: SessionOrigin;
}

export interface Session {
  id: string;
  personId: string;
  connectionId: string;
  /** The role that the person acts in. When absent, it is the least powerful role of the person. */
  role?: Role;
  startedAt: Date;
  /** The session ends then in any case. */
  expiresAt: Date;
  /** The last request, up to a minute behind. */
  seenAt: Date;
  /** The earlier of `expiresAt` and the idle limit after `seenAt`. */
  endsAt: Date;
  identity: SessionIdentity;
}

export interface SessionStore {
  insert(session: Session): Promise<void>;
  get(id: string): Promise<Session | undefined>;
  /** Changes a session that still exists. False when it does not. */
  change(id: string, change: Partial<Pick<Session, "role" | "seenAt" | "endsAt">>): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  /** Ends every session of the person and gives how many there were. */
  deleteOf(personId: string): Promise<number>;
  /** The person's sessions, at most so many. */
  list(personId: string, most: number): Promise<Session[]>;
  /** Ends every session that was begun by the connection and gives how many there were. */
  deleteOfConnection(connectionId: string): Promise<number>;
  /** Removes what has ended. MongoDB does so itself within about a minute. FerretDB does not. */
  deleteEnded(now: Date): Promise<void>;
}

/** A session at rest. */
export type SessionDocument = Omit<Session, "id" | "identity"> & {
  _id: string;
  sealed: Binary;
  /** Absent on one from before signing. */
  version?: number;
  ledgerSeq?: number;
  mac?: string;
};
type Fields = Omit<SessionDocument, "sealed" | "mac" | "version" | "ledgerSeq">;

/** Lost races for one session before giving up. */
const MAX_CONFLICTS = 20;

/** The keys for signing are looked for anew at most so often. */
const REFRESH_MS = 1_000;

const contextOf = ({ id, personId }: Pick<Session, "id" | "personId">): SealContext => ({
  collection: "sessions",
  id,
  field: "sealed",
  owner: personScope(personId),
});

/**
 * What is signed: everything but the sealed part. The sealed part proves itself by the id and the person that it was
 * sealed for.
 */
function signedFields(
  { _id, personId, connectionId, role, startedAt, expiresAt, seenAt, endsAt }: Fields,
  version: number,
  ledgerSeq: number,
) {
  return {
    _id,
    personId,
    connectionId,
    ...(role !== undefined && { role }),
    startedAt,
    expiresAt,
    seenAt,
    endsAt,
    version,
    ledgerSeq,
  };
}

/** The session with its sealed part. */
async function opened(
  keyring: Pick<Keyring, "forSealed">,
  document: SessionDocument | undefined,
): Promise<Session | undefined> {
  if (!document) return undefined;
  const { _id: id, sealed, version: _version, ledgerSeq: _seq, mac: _mac, ...fields } = document;
  const bytes = sealed.value();
  try {
    const plain = (await keyring.forSealed(bytes)).open(contextOf({ id, ...fields }), bytes);
    return { id, ...fields, identity: JSON.parse(Buffer.from(plain).toString("utf8")) as SessionIdentity };
  } catch (error) {
    // The person was erased, so all sessions of the person have ended.
    if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
    throw error;
  }
}

export interface SessionStoreDependencies {
  keyring: Keyring;
  grants: Pick<Grants, "authority" | "ledger" | "refused" | "assertWhole">;
  ferretDb: boolean;
  scan: Scan;
}

/** The session, if it was written by this service. A forged one counts as missing. */
function createFind(
  collection: Collection<SessionDocument>,
  { authority, ledger, refused, assertWhole }: SessionStoreDependencies["grants"],
): (id: string) => Promise<SessionDocument | undefined> {
  return async (id) => {
    const document = await guarded((within) => collection.findOne({ _id: id }, within));
    if (!document) return undefined;
    assertWhole();
    const { mac, version = 0, ledgerSeq = 0 } = document;
    const doubt = await authority.doubt("sessions", {
      ...signedFields(document, version, ledgerSeq),
      ...(mac !== undefined && { mac }),
    });
    if (doubt === undefined) {
      await ledger.reach(ledgerSeq);
      return document;
    }
    refused({ collection: "sessions", id, why: doubt });
    return undefined;
  };
}

/** The sessions over their collection. */
export function createSessionStore(
  collection: Collection<SessionDocument>,
  { keyring, grants, ferretDb, scan }: SessionStoreDependencies,
): SessionStore {
  const expiry = createExpiry(collection, { field: "endsAt", ferretDb });
  const { authority, ledger, assertWhole } = grants;
  const find = createFind(collection, grants);

  const signed = (fields: Fields, version: number) =>
    authority.signs ? authority.sign("sessions", signedFields(fields, version, ledger.tip())) : { ...fields, version };

  async function change(id: string, changes: Parameters<SessionStore["change"]>[1]): Promise<boolean> {
    await authority.refresh(REFRESH_MS);
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const document = await find(id);
      if (!document) return false;
      const { version = 0 } = document;
      const { _id: _same, ...after } = signed({ ...document, ...changes }, version + 1);
      const same = { _id: id, ...(document.version === undefined ? { version: { $exists: false } } : { version }) };
      // All fields are written at once. FerretDB's updates are not atomic, but so the last one is complete.
      if ((await guarded((within) => collection.updateOne(same, { $set: after }, within))).matchedCount > 0)
        return true;
    }
    throw new StoreError("unavailable", "This session is being changed by too many at once. Try again.");
  }

  return {
    async insert({ id, identity, ...fields }) {
      const key = await keyring.scope(personScope(fields.personId));
      const sealed = new Binary(key.seal(contextOf({ id, ...fields }), Buffer.from(JSON.stringify(identity))));
      await authority.refresh(REFRESH_MS);
      assertWhole();
      await guarded((within) => collection.insertOne({ ...signed({ _id: id, ...fields }, 1), sealed }, within));
    },
    get: async (id) => opened(keyring, await find(id)),
    async list(personId, most) {
      const found = await scan((within) =>
        collection
          .find({ personId }, { projection: { _id: 1 }, ...within })
          .limit(most)
          .toArray(),
      );
      const sessions = await Promise.all(found.map(async ({ _id }) => opened(keyring, await find(_id))));
      return sessions.filter((session): session is Session => session !== undefined);
    },
    change,
    delete: async (id) => (await guarded((within) => collection.deleteOne({ _id: id }, within))).deletedCount > 0,
    // This is a scan on FerretDB and uses an index on MongoDB.
    deleteOf: async (personId) =>
      (await guarded((within) => collection.deleteMany({ personId }, within), LIST_DEADLINE_MS)).deletedCount,
    deleteOfConnection: async (connectionId) =>
      (await guarded((within) => collection.deleteMany({ connectionId }, within), LIST_DEADLINE_MS)).deletedCount,
    deleteEnded: (now) => expiry.remove(now),
  };
}
