/**
 * People's sessions. The id is an HMAC of the cookie's token, so that whoever reads the database cannot take a session over; what the
 * identity provider said about the person is sealed under the person's own key.
 */
import { Binary, type Collection } from "mongodb";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import type { Keyring, SealContext } from "./keyring.js";
import type { Role } from "./model.js";
import { personScope } from "./people.js";
import { StoreError } from "./store.js";

/** What the identity provider said at the log-in; sealed at rest. */
export interface SessionIdentity {
  nameId: string;
  displayName?: string;
  email?: string;
  /** Values of the groups attribute, as they came: what they give is decided at each request. */
  groups: string[];
  sessionIndex?: string;
}

export interface Session {
  id: string;
  personId: string;
  connectionId: string;
  /** The role that the person acts in; absent: the least powerful of those it has. */
  role?: Role;
  startedAt: Date;
  /** Ends then, whatever happens. */
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
  /** Changes a session that is still there; false when it is not. */
  change(id: string, change: Partial<Pick<Session, "role" | "seenAt" | "endsAt">>): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  /** Ends every session of the person and gives how many there were. */
  deleteOf(personId: string): Promise<number>;
  /** Ends every session that was begun by the connection and gives how many there were. */
  deleteOfConnection(connectionId: string): Promise<number>;
  /** Removes what has ended. MongoDB does so itself within a minute or so; the stand-in has nothing that would. */
  deleteEnded(now: Date): Promise<void>;
}

/** A session at rest. */
export type SessionDocument = Omit<Session, "id" | "identity"> & { _id: string; sealed: Binary };

const contextOf = ({ id, personId }: Pick<Session, "id" | "personId">): SealContext => ({ collection: "sessions", id, field: "sealed", owner: personScope(personId) });

/** The sessions over their collection. */
export function createSessionStore(collection: Collection<SessionDocument>, keyring: Keyring): SessionStore {
  return {
    async insert({ id, identity, ...fields }) {
      const key = await keyring.scope(personScope(fields.personId));
      const sealed = new Binary(key.seal(contextOf({ id, ...fields }), Buffer.from(JSON.stringify(identity))));
      await guarded(() => collection.insertOne({ _id: id, ...fields, sealed }));
    },
    async get(id) {
      const document = await guarded(() => collection.findOne({ _id: id }));
      if (!document) return undefined;
      const { _id, sealed, ...fields } = document;
      const bytes = sealed.value();
      try {
        const opened = (await keyring.forSealed(bytes)).open(contextOf({ id, ...fields }), bytes);
        return { id, ...fields, identity: JSON.parse(Buffer.from(opened).toString("utf8")) as SessionIdentity };
      } catch (error) {
        // The person was erased: nobody is logged in any more.
        if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
        throw error;
      }
    },
    change: async (id, change) => (await guarded(() => collection.updateOne({ _id: id }, { $set: change }))).matchedCount > 0,
    delete: async (id) => (await guarded(() => collection.deleteOne({ _id: id }))).deletedCount > 0,
    // A scan on the stand-in; indexed on MongoDB.
    deleteOf: async (personId) => (await guarded(() => collection.deleteMany({ personId }), LIST_DEADLINE_MS)).deletedCount,
    deleteOfConnection: async (connectionId) => (await guarded(() => collection.deleteMany({ connectionId }), LIST_DEADLINE_MS)).deletedCount,
    async deleteEnded(now) {
      await guarded(() => collection.deleteMany({ endsAt: { $lte: now } }), LIST_DEADLINE_MS);
    },
  };
}
