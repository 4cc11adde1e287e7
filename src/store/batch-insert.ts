/** Unordered batch inserts of documents and reads by exact id, for both engines. */
import { MongoBulkWriteError, type Collection, type Document, type OptionalUnlessRequiredId, type Filter, type WithId } from "mongodb";
import { guarded } from "./driver-errors.js";

const DUPLICATE_KEY = 11000;

/** Inserts all that are new and gives the ids that existed before. Throws StoreError when one failed for another reason. */
export async function insertNew<D extends Document & { _id: string }>(collection: Collection<D>, documents: D[]): Promise<string[]> {
  if (documents.length === 0) return [];
  return guarded(async (within) => {
    try {
      await collection.insertMany(documents as OptionalUnlessRequiredId<D>[], { ...within, ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      // A write concern that was not met is as bad as a write that failed: the batch counts as not made.
      if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY) || error.result.getWriteConcernError()) throw error;
      return failures.flatMap(({ index }) => documents[index]?._id ?? []);
    }
  });
}

/** The documents with these ids. On the stand-in one by one: there `$in` scans the collection, `_id` alone does not. */
export async function findByIds<D extends Document & { _id: string }>(
  collection: Collection<D>,
  ids: string[],
  { standIn, projection }: { standIn: boolean; projection?: Document },
): Promise<WithId<D>[]> {
  const options = projection ? { projection } : {};
  if (ids.length > 1 && !standIn) return guarded((within) => collection.find({ _id: { $in: ids } } as Filter<D>, { ...options, ...within }).toArray());
  const found = await guarded((within) => Promise.all(ids.map((id) => collection.findOne({ _id: id } as Filter<D>, { ...options, ...within }))));
  return found.filter((document) => document !== null);
}
