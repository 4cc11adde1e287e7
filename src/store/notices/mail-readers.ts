/**
 * People who want notices by mail. What decides about them is kept as their last log-in brought it: the address and the
 * groups of the identity provider. What these groups give is decided anew for each mail. It is sealed under the
 * person's own key, so an erasure of the person ends it.
 */
import { Binary, type Collection } from "mongodb";
import { guarded } from "../mongo/driver-errors.js";
import { inBatches } from "../mongo/oldest-first.js";
import type { SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { personScope } from "../collections/people.js";
import { StoreError } from "../store-error.js";
import type { MailLanguage } from "./mail-language.js";

export interface MailReader {
  personId: string;
  connectionId: string;
  email: string;
  /** Values of the groups attribute at the last log-in. */
  groups: readonly string[];
  /** In which the person wants mail. English when absent. */
  language?: MailLanguage;
  /** When that was. */
  at: Date;
}

/** A reader at rest. */
export interface MailReaderDocument {
  _id: string;
  connectionId: string;
  at: Date;
  sealed: Binary;
}

export interface MailReaderStore {
  /** The person wants mail. */
  put(reader: MailReader): Promise<void>;
  /** A later log-in of somebody who wants mail. The language stays. Nothing happens for anybody else. */
  updateKnown(reader: MailReader): Promise<void>;
  /** Whether the person wants mail. */
  has(personId: string): Promise<boolean>;
  /** False when the person wanted none. */
  delete(personId: string): Promise<boolean>;
  get(personId: string): Promise<MailReader | undefined>;
  all(): Promise<MailReader[]>;
}

const contextOf = (id: string): SealContext => ({
  collection: "mailReaders",
  id,
  field: "sealed",
  owner: personScope(id),
});

export function createMailReaderStore(
  collection: Collection<MailReaderDocument>,
  keyring: Pick<Keyring, "scope" | "forSealed">,
): MailReaderStore {
  async function write({ personId, connectionId, at, ...data }: MailReader, upsert: boolean): Promise<void> {
    const key = await keyring.scope(personScope(personId));
    const sealed = new Binary(key.seal(contextOf(personId), Buffer.from(JSON.stringify(data))));
    await guarded((within) =>
      collection.updateOne({ _id: personId }, { $set: { connectionId, at, sealed } }, { ...within, upsert }),
    );
  }
  async function opened({
    _id: personId,
    connectionId,
    at,
    sealed,
  }: MailReaderDocument): Promise<MailReader | undefined> {
    const bytes = sealed.value();
    try {
      const plain = (await keyring.forSealed(bytes)).open(contextOf(personId), bytes);
      const data = JSON.parse(Buffer.from(plain).toString("utf8")) as Pick<MailReader, "email" | "groups" | "language">;
      return { personId, connectionId, at, ...data };
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "key_destroyed")) throw error;
      // The person was erased.
      await guarded((within) => collection.deleteOne({ _id: personId }, within));
      return undefined;
    }
  }
  const find = (id: string) => guarded((within) => collection.findOne({ _id: id }, within));
  return {
    put: (reader) => write(reader, true),
    async updateKnown(reader) {
      const document = await find(reader.personId);
      const known = document && (await opened(document));
      if (known) await write({ ...reader, ...(known.language && { language: known.language }) }, false);
    },
    has: async (personId) => (await find(personId)) !== null,
    delete: async (personId) =>
      (await guarded((within) => collection.deleteOne({ _id: personId }, within))).deletedCount === 1,
    async get(personId) {
      const document = await find(personId);
      return document ? opened(document) : undefined;
    },
    async all() {
      const readers: MailReader[] = [];
      for await (const batch of inBatches(collection))
        for (const document of batch) {
          const reader = await opened(document);
          if (reader) readers.push(reader);
        }
      return readers;
    },
  };
}
