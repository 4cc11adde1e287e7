/** Unordered batch inserts of documents and reads by exact id, for both engines. */
import { setMaxListeners } from "node:events";
import {
  MongoBulkWriteError,
  type Collection,
  type Document,
  type OptionalUnlessRequiredId,
  type Filter,
  type WithId,
} from "mongodb";
import { guarded, OPERATION_DEADLINE_MS, type Within } from "./driver-errors.js";

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

export interface FindByIdsOptions {
  ferretDb: boolean;
  projection?: Document;
  /** Ids of one read, for large documents. By default `IDS_AT_ONCE`. */
  atOnce?: number;
  /** Aborted: the caller needs no answer any more. What is under way stops, and nothing more is asked. */
  signal?: AbortSignal | undefined;
}

/** Ids of one read. Each read has a deadline of its own, so the number of ids does not count against it. */
export const IDS_AT_ONCE = 100;

/**
 * The documents with these ids. On FerretDB they are read one by one, because there `$in` scans the collection and
 * `_id` alone does not. Throws StoreError `unavailable`, or the reason of the signal.
 */
export async function findByIds<D extends Document & { _id: string }>(
  collection: Collection<D>,
  ids: readonly string[],
  { ferretDb, projection, atOnce = IDS_AT_ONCE, signal }: FindByIdsOptions,
): Promise<WithId<D>[]> {
  const options = projection ? { projection } : {};
  if (ids.length === 1 || ferretDb) {
    const failed = new AbortController();
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    setMaxListeners(AT_ONCE, stop);
    return oneByOne(ids, async (id) => {
      const find = (within: Within) => collection.findOne({ _id: id } as Filter<D>, { ...options, ...within });
      try {
        return await guarded(find, OPERATION_DEADLINE_MS, stop);
      } catch (error) {
        // The caller gets no answer, so those beside it stop too.
        failed.abort(error);
        throw error;
      }
    });
  }
  const found: WithId<D>[] = [];
  for (let from = 0; from < ids.length; from += atOnce) {
    const filter = { _id: { $in: ids.slice(from, from + atOnce) } } as Filter<D>;
    const some = await guarded(
      (within) => collection.find(filter, { ...options, ...within }).toArray(),
      OPERATION_DEADLINE_MS,
      signal,
    );
    found.push(...some);
  }
  return found;
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
