/**
 * People who have logged in. The same NameID through the same connection is the same person. An e-mail address does not
 * identify anybody.
 */
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { KeyScope, SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { findPage } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { Page, PageRequest } from "../collection.js";
import { StoreError } from "../store-error.js";

/** The personal data. It is sealed at rest under a key of the person's own, which an erasure destroys. */
export interface PersonalData {
  nameId: string;
  displayName?: string;
  email?: string;
}

export interface Person extends PersonalData {
  /** `per_` and a blind index of connection and NameID. */
  id: string;
  connectionId: string;
  firstLoginAt: Date;
  lastLoginAt: Date;
}

export interface PeopleStore {
  /** The id of the person with this NameID at this connection, whether the person is known here or not. */
  idOf(connectionId: string, nameId: string): string;
  /** Records a log-in. It makes the person, or it renews what is known about the person. */
  loggedIn(person: PersonalData & { connectionId: string; at: Date }): Promise<string>;
  get(id: string): Promise<Person | undefined>;
  /** By first log-in, newest first. */
  list(page: PageRequest): Promise<Page<Person>>;
  /**
   * Destroys the person's keys that were made until then, and the record under them. `Store.erasures` calls it, so that
   * it also holds for backups. False when nothing was left.
   */
  erase(id: string, at: Date): Promise<boolean>;
}

/** A person at rest. */
export interface PersonDocument {
  _id: string;
  connectionId: string;
  firstLoginAt: Date;
  lastLoginAt: Date;
  sealed: Binary;
}

export const personScope = (personId: string): KeyScope => `person/${personId}`;
const contextOf = (id: string): SealContext => ({ collection: "people", id, field: "sealed", owner: personScope(id) });

export interface PeopleOptions {
  keyring: Keyring;
  blindIndex: (label: string, value: string) => Uint8Array;
  scan: Scan;
}

/** The people over their collection. */
export function createPeopleStore(
  collection: Collection<PersonDocument>,
  { keyring, blindIndex, scan }: PeopleOptions,
): PeopleStore {
  const idOf = (connectionId: string, nameId: string): string =>
    `per_${Buffer.from(blindIndex("person", JSON.stringify([connectionId, nameId]))).toString("base64url")}`;

  async function opened({ _id: id, sealed, ...fields }: PersonDocument): Promise<Person> {
    const bytes = sealed.value();
    const data = (await keyring.forSealed(bytes)).open(contextOf(id), bytes);
    return { id, ...fields, ...(JSON.parse(Buffer.from(data).toString("utf8")) as PersonalData) };
  }
  /** One whose key was destroyed a moment ago is erased. */
  const known = (document: PersonDocument): Promise<Person | undefined> =>
    opened(document).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
      throw error;
    });

  return {
    idOf,
    async loggedIn({ connectionId, at, ...data }) {
      const id = idOf(connectionId, data.nameId);
      const key = await keyring.scope(personScope(id));
      const sealed = new Binary(key.seal(contextOf(id), Buffer.from(JSON.stringify(data))));
      const renewed = await guarded((within) =>
        collection.updateOne({ _id: id }, { $set: { sealed, lastLoginAt: at } }, within),
      );
      if (renewed.matchedCount > 0) return id;
      await guarded((within) =>
        collection.insertOne({ _id: id, connectionId, firstLoginAt: at, lastLoginAt: at, sealed }, within),
      ).catch((error: unknown) => {
        // The same person logs in twice at once for the first time.
        if (!isDuplicate(error)) throw error;
      });
      return id;
    },
    async get(id) {
      const document = await guarded((within) => collection.findOne({ _id: id }, within));
      return document ? known(document) : undefined;
    },
    async list(page) {
      const { data, ...rest } = await findPage({ collection, timeField: "firstLoginAt", filter: [], page, scan });
      return { data: (await Promise.all(data.map(known))).filter((person) => person !== undefined), ...rest };
    },
    async erase(id, at) {
      const destroyed = await keyring.destroy(personScope(id), at);
      const document = await guarded((within) => collection.findOne({ _id: id }, within));
      // The record is removed last, so that an interrupted erasure can be asked for again. If a key opens the record,
      // then it is of a later return.
      if (!document || (await known(document))) return destroyed;
      await guarded((within) => collection.deleteOne({ _id: id }, within));
      return true;
    },
  };
}
