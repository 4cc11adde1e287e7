/**
 * The common part of the catalogue collections. They are small, read whole into memory, and changed by compare-and-set.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Collection, Document, Filter } from "mongodb";
import type { Doubtful } from "./changes.js";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import { createExclusiveTurns, type Exclusive } from "./exclusive.js";
import { findPage, oneOf } from "./paging.js";
import type { Scan } from "./scans.js";
import { StoreError } from "../store-error.js";
import type { CatalogueCollection, UpdateOptions } from "../collection.js";

/** A catalogue object at rest. `version` rises with every write and decides concurrent ones. */
export type CatalogueDocument = Document & { _id: string; version: number; createdAt: Date };

/** How an object is written and read back. `version` belongs to the collection. */
export interface Layout<T> {
  toDocument: (item: T) => Promise<NewRow>;
  toItem: (document: CatalogueDocument) => Promise<T>;
}

/** A row that is written. The collection gives it its version. */
export type NewRow = Document & { _id: string; createdAt: Date };

/** How rows are written, and which of those that are there may be believed. */
export interface Rows {
  /** Those to be believed, in their order. */
  believed(documents: CatalogueDocument[]): Promise<CatalogueDocument[]>;
  /** Throws StoreError `duplicate`. */
  insert(row: NewRow): Promise<void>;
  /** Compare-and-set on the version. False when another change came first. */
  replace(before: CatalogueDocument, row: NewRow): Promise<boolean>;
  /** False when there was none, or none of this version. */
  delete(id: string, version?: number): Promise<boolean>;
}

/** Rows that are used as they are. */
export function createPlainRows(collection: Collection<CatalogueDocument>): Rows {
  return {
    believed: async (documents) => documents,
    insert: async (row) => void (await guarded((within) => collection.insertOne({ ...row, version: 1 }, within))),
    // The filter is a scan on FerretDB. That is acceptable here, at some 50 µs for each object of the collection.
    replace: async ({ _id, version }, row) =>
      (await guarded((within) => collection.replaceOne({ _id, version }, { ...row, version: version + 1 }, within)))
        .matchedCount === 1,
    delete: async (id, version) =>
      (await guarded((within) => collection.deleteOne({ _id: id, ...(version !== undefined && { version }) }, within)))
        .deletedCount > 0,
  };
}

/**
 * So many conflicts are allowed before it gives up. With a pause of some milliseconds each, this is longer than any
 * real contention.
 */
const MAX_CONFLICTS = 200;

export interface CatalogueCollectionOptions {
  changed: (id: string) => Promise<void>;
  doubtful: (id: string, why: Doubtful) => void;
  exclusive: Exclusive;
  scan: Scan;
  rows?: Rows;
}

/**
 * A catalogue collection. `changed` is called after every write. `doubtful` is called when it is unknown whether a
 * write was made. Then the acknowledgement was lost, or nothing matched, which also happens when such a write is
 * repeated. Changes of one object come one after another within this process. On FerretDB, which has no real
 * compare-and-set, they do so over all processes (`exclusive`).
 */
export function createCatalogueCollection<T extends object>(
  collection: Collection<CatalogueDocument>,
  { toDocument, toItem }: Layout<T>,
  { changed, doubtful, exclusive, scan, rows = createPlainRows(collection) }: CatalogueCollectionOptions,
): CatalogueCollection<T> {
  const inTurn = createExclusiveTurns();
  const ifDoubtful: IfDoubtful = (id) => (error) => {
    if (error instanceof StoreError && error.code === "unavailable") doubtful(id, "lost");
    if (error instanceof StoreError && error.code === "duplicate") doubtful(id, "unmatched");
    throw error;
  };
  const { find, update } = createUpdate(collection, { toDocument, toItem }, { changed, doubtful, ifDoubtful, rows });

  return {
    async insert(item) {
      const row = await toDocument(item);
      await rows.insert(row).catch(ifDoubtful(row._id));
      await changed(row._id);
    },
    async get(id) {
      const document = await find(id);
      return document ? toItem(document) : undefined;
    },
    async list(page, filter = {}) {
      const { data, ...rest } = await findPage({
        collection,
        timeField: "createdAt",
        filter: conditions(filter),
        page,
        scan,
      });
      return { data: await existing(await rows.believed(data), toItem), ...rest };
    },
    // It does not use `scan`, because routes must not wait for a list. There is no filter, so it reads only what it
    // gives.
    all: async () =>
      existing(
        await rows.believed(await guarded((within) => collection.find({}, within).toArray(), LIST_DEADLINE_MS)),
        toItem,
      ),
    update: (id, change, options) =>
      inTurn([id], () => exclusive(`${collection.collectionName}/${id}`, () => update(id, change, options))),
    async delete(id, admit) {
      const name = collection.collectionName;
      const admitted = admit && {
        name,
        find,
        rows,
        admit: async (found: CatalogueDocument) => admit(await toItem(found)),
      };
      const deleted = await (
        admitted ? inTurn([id], () => exclusive(`${name}/${id}`, () => deleteAdmitted(id, admitted))) : rows.delete(id)
      ).catch(ifDoubtful(id));
      if (deleted) await changed(id);
      else doubtful(id, "unmatched");
      return deleted;
    },
    idsOf: (filter) => idsOf(collection, scan, filter),
  };
}

/** Reports a write that failed and may have been made, and throws the error again. */
type IfDoubtful = (id: string) => (error: unknown) => never;

/** One object by its id, and its change by compare-and-set. */
function createUpdate<T extends object>(
  collection: Collection<CatalogueDocument>,
  { toDocument, toItem }: Layout<T>,
  {
    changed,
    doubtful,
    ifDoubtful,
    rows,
  }: Pick<CatalogueCollectionOptions, "changed" | "doubtful"> & { ifDoubtful: IfDoubtful; rows: Rows },
) {
  async function find(id: string): Promise<CatalogueDocument | undefined> {
    const document = await guarded((within) => collection.findOne({ _id: id }, within));
    return document ? (await rows.believed([document]))[0] : undefined;
  }

  async function update(id: string, change: (item: T) => T, options: UpdateOptions = {}): Promise<T | undefined> {
    let unmatched = false;
    const write = options.unasked ? change : (item: T): T => touchedBy(change, item);
    try {
      return await tryUpdate(id, write, () => (unmatched = true));
    } finally {
      if (unmatched) doubtful(id, "unmatched");
    }
  }
  async function tryUpdate(id: string, change: (item: T) => T, onUnmatched: () => void): Promise<T | undefined> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const document = await find(id);
      if (!document) return undefined;
      const before = await toItem(document);
      const after = change(before);
      // A refused change is not written. A new `updatedAt` would void requests under way, and every process would read
      // the collection again.
      if (after === before) return before;
      const replacement = await toDocument(after);
      if (replacement._id !== id)
        throw new Error(`update() may not change the id of ${collection.collectionName}/${id}`);
      if (await rows.replace(document, replacement).catch(ifDoubtful(id))) {
        await changed(id);
        return after;
      }
      onUnmatched();
      await delay(Math.random() * 10);
    }
    throw tooMany(`${collection.collectionName}/${id}`);
  }

  return { find, update };
}

const tooMany = (name: string): StoreError =>
  new StoreError("unavailable", `${name} is being changed by too many at once. Try again.`);

interface AdmittedDeletion {
  /** Of the collection. */
  name: string;
  find: (id: string) => Promise<CatalogueDocument | undefined>;
  rows: Rows;
  /** Throws when the object is to stay. */
  admit: (found: CatalogueDocument) => Promise<void>;
}

/** Only the object that was admitted is deleted. If a change comes in between, then the object is checked again. */
async function deleteAdmitted(id: string, { name, find, rows, admit }: AdmittedDeletion): Promise<boolean> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    const document = await find(id);
    if (!document) return false;
    await admit(document);
    if (await rows.delete(id, document.version)) return true;
    await delay(Math.random() * 10);
  }
  throw tooMany(`${name}/${id}`);
}

/**
 * The change with its time. `updatedAt` always grows, whatever the clock does, because a newer rate must look newer.
 */
function touchedBy<T extends object>(change: (item: T) => T, item: T): T {
  const after = change(item);
  if (after === item) return item;
  const before = "updatedAt" in item && item.updatedAt instanceof Date ? item.updatedAt.getTime() : undefined;
  return before === undefined ? after : { ...after, updatedAt: new Date(Math.max(Date.now(), before + 1)) };
}

function conditions(filter: { groupId?: string; apiId?: string; ids?: string[] }): Filter<CatalogueDocument>[] {
  return [
    ...(filter.groupId === undefined ? [] : [{ groupId: filter.groupId }]),
    ...(filter.apiId === undefined ? [] : [{ apiId: filter.apiId }]),
    ...(filter.ids === undefined ? [] : [oneOf<CatalogueDocument>("_id", filter.ids)]),
  ];
}

async function idsOf(
  collection: Collection<CatalogueDocument>,
  scan: Scan,
  filter: Parameters<typeof conditions>[0],
): Promise<string[]> {
  const [condition = {}, ...more] = conditions(filter);
  const found = await scan((within) =>
    collection
      .find(more.length > 0 ? { $and: [condition, ...more] } : condition, { ...within, projection: { _id: 1 } })
      .toArray(),
  );
  return found.map(({ _id }) => _id);
}

/**
 * Opens the rows that were read. Objects whose data key was destroyed are erased, so they are left out. Any other
 * failure is thrown: if a subscription silently went missing, then its consumer's events would be lost.
 */
async function existing<T>(
  documents: CatalogueDocument[],
  toItem: (document: CatalogueDocument) => Promise<T>,
): Promise<T[]> {
  const items = await Promise.all(
    documents.map((document) =>
      toItem(document).catch((error: unknown) => {
        if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
        throw error;
      }),
    ),
  );
  return items.filter((item): item is Awaited<T> & T => item !== undefined);
}
