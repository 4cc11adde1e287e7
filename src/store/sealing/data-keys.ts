/** The collection of wrapped data keys. */
import { randomBytes } from "node:crypto";
import { Binary, type Collection, type Filter } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { KeyProvider } from "./master-keys.js";
import type { Scan } from "../mongo/scans.js";
import { KEY_BYTES } from "./sealing.js";
import { StoreError } from "../store-error.js";

/** A wrapped data key at rest. `_id` is `<scope>#<generation>`, so that two processes cannot both make one. */
export interface DataKeyDocument {
  _id: string;
  /** Absent once destroyed. */
  masterKeyId?: string;
  wrapped: Binary;
  /** Seals made under it, as far as reported. */
  seals: number;
  createdAt: Date;
  destroyedAt?: Date;
  /** It never was a key. It comes after the destroyed ones, so that no new key can follow. */
  tombstone?: true;
}

export interface DataKeys {
  /** The document, after adding `seals` to its count. Undefined when there is none. */
  read(id: string, seals: number): Promise<DataKeyDocument | undefined>;
  /** Stores a new key. If another process was first, then it gives that one's key. */
  make(id: string): Promise<DataKeyDocument>;
  /** The key itself. Throws StoreError `key_destroyed`, and what the key provider throws. */
  unwrap(document: DataKeyDocument): Promise<Uint8Array>;
  /** Overwrites the wrapped key. If there is none, then it leaves a tombstone, so that none can be made. Repeatable. */
  destroy(id: string): Promise<{ changed: boolean; tombstone: boolean }>;
  /** Ids with this prefix that are not destroyed. */
  living(prefix: string): Promise<string[]>;
}

/** What binds a wrapped data key to its id. */
export const wrappingContext = (keyId: string): Uint8Array => Buffer.from(`sealpost data key|${keyId}`, "utf8");

/** The lock under which a data key is changed on FerretDB. */
export const lockOf = (keyId: string): string => `dataKeys/${keyId}`;

/** Every access is by exact `_id`, because anything else is a scan on FerretDB. */
export function createDataKeys(deps: {
  collection: Collection<DataKeyDocument>;
  provider: KeyProvider;
  now: () => number;
  onMade: ((id: string) => void) | undefined;
  exclusive: Exclusive;
  scan: Scan;
}): DataKeys {
  const { collection, provider, now, exclusive, scan } = deps;
  const find = async (_id: string) => (await guarded((within) => collection.findOne({ _id }, within))) ?? undefined;
  return {
    async read(id, seals) {
      if (seals === 0) return find(id);
      // Without the lock FerretDB could write back a key that is being destroyed.
      const count = () =>
        guarded((within) =>
          collection.findOneAndUpdate({ _id: id }, { $inc: { seals } }, { ...within, returnDocument: "after" }),
        );
      return (await exclusive(lockOf(id), count)) ?? undefined;
    },
    async make(id) {
      const document = await newKey(id, provider, now());
      try {
        await guarded((within) => collection.insertOne(document, within));
        deps.onMade?.(id);
        return document;
      } catch (error) {
        const first = isDuplicate(error) ? await find(id) : undefined;
        if (!first) throw error;
        return first;
      }
    },
    async unwrap({ _id: id, masterKeyId, wrapped, destroyedAt }) {
      if (destroyedAt || masterKeyId === undefined) {
        throw new StoreError(
          "key_destroyed",
          `Data key ${id} was destroyed: what it sealed is erased and cannot be read again.`,
        );
      }
      return provider.unwrap(masterKeyId, wrapped.value(), wrappingContext(id));
    },
    destroy: (id) => destroy(id, { collection, now, exclusive, find }),
    async living(prefix) {
      const filter = { _id: new RegExp(`^${prefix}`), destroyedAt: { $exists: false } } as Filter<DataKeyDocument>;
      return (
        await scan((within) =>
          collection
            .find(filter, { ...within, projection: { _id: 1 } })
            .sort({ _id: 1 })
            .toArray(),
        )
      ).map(({ _id }) => _id);
    },
  };
}

async function newKey(id: string, provider: KeyProvider, at: number): Promise<DataKeyDocument> {
  const material = randomBytes(KEY_BYTES);
  const { masterKeyId, wrapped } = await provider.wrap(material, wrappingContext(id));
  material.fill(0);
  return { _id: id, masterKeyId, wrapped: new Binary(wrapped), seals: 0, createdAt: new Date(at) };
}

interface Destruction {
  collection: Collection<DataKeyDocument>;
  now: () => number;
  exclusive: Exclusive;
  find: (id: string) => Promise<DataKeyDocument | undefined>;
}

/** Each step can be repeated. If a process dies in between, then the next one can finish. */
async function destroy(
  id: string,
  { collection, now, exclusive, find }: Destruction,
): Promise<{ changed: boolean; tombstone: boolean }> {
  const gone = { wrapped: new Binary(Buffer.alloc(0)), destroyedAt: new Date(now()) };
  const document = await find(id);
  if (document?.destroyedAt && document.wrapped.length() === 0)
    return { changed: false, tombstone: document.tombstone === true };
  try {
    if (!document) {
      await guarded((within) =>
        collection.insertOne({ _id: id, ...gone, tombstone: true, seals: 0, createdAt: gone.destroyedAt }, within),
      );
      return { changed: true, tombstone: true };
    }
  } catch (error) {
    // Another process made it just now. It is overwritten.
    if (!isDuplicate(error)) throw error;
  }
  await exclusive(lockOf(id), () =>
    guarded((within) =>
      collection.updateOne({ _id: id }, { $set: gone, $unset: { masterKeyId: "" as const } }, within),
    ),
  );
  return { changed: true, tombstone: false };
}
