/** Unordered batch inserts of documents and reads by exact id, for both engines. */
import {
  MongoBulkWriteError,
  type Collection,
  type Document,
  type OptionalUnlessRequiredId,
  type Filter,
  type WithId,
} from "mongodb";
import { guarded } from "./driver-errors.js";

const DUPLICATE_KEY = 11000;

/**
 * Inserts all that are new and gives the ids that existed before. Throws StoreError when one failed for another reason.
 */
export async function insertNew<D extends Document & { _id: string }>(
  collection: Collection<D>,
  documents: D[],
): Promise<string[]> {
  if (documents.length === 0) return [];
  return guarded(async (within) => {
    try {
      await collection.insertMany(documents as OptionalUnlessRequiredId<D>[], { ...within, ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      // A write concern that was not met counts like a failed write. The batch counts as not made.
      if (
        failures.length === 0 ||
        failures.some(({ code }) => code !== DUPLICATE_KEY) ||
        error.result.getWriteConcernError()
      )
        throw error;
      return failures.flatMap(({ index }) => documents[index]?._id ?? []);
    }
  });
}

/**
 * The documents with these ids. On FerretDB they are read one by one, because there `$in` scans the collection and
 * `_id` alone does not.
 */
export async function findByIds<D extends Document & { _id: string }>(
  collection: Collection<D>,
  ids: string[],
  { ferretDb, projection }: { ferretDb: boolean; projection?: Document },
): Promise<WithId<D>[]> {
  const options = projection ? { projection } : {};
  if (ids.length > 1 && !ferretDb)
    return guarded((within) =>
      collection.find({ _id: { $in: ids } } as Filter<D>, { ...options, ...within }).toArray(),
    );
  return oneByOne(ids, (id) =>
    guarded((within) => collection.findOne({ _id: id } as Filter<D>, { ...options, ...within })),
  );
}

/**
 * As many at once as the client has connections, so that no read waits for one while its time runs. Nothing more is
 * asked after a failure.
 */
const AT_ONCE = 32;

async function oneByOne<T>(ids: readonly string[], find: (id: string) => Promise<T | null>): Promise<T[]> {
  const found: (T | null)[] = [];
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let at = next++; at < ids.length; at = next++) {
      found[at] = await find(ids[at] ?? "").catch((error: unknown) => {
        next = ids.length;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, reader));
  return found.filter((document) => document !== null);
}
