/** What a page of a list is, and what every catalogue collection offers. */

export interface Page<T> {
  data: T[];
  /** Opaque cursor of the next page. Absent on the last one. */
  next?: string;
}

/** A number of documents. Not `exact` when there are more than were counted. */
export interface Counted {
  count: number;
  exact: boolean;
}

export interface PageRequest {
  limit: number;
  cursor?: string;
  /** By time. `desc`, newest first, when absent. */
  order?: "asc" | "desc";
}

export interface UpdateOptions {
  /**
   * The service notes something by itself. `updatedAt` stays, so the note refuses no change that a person is about to
   * make, and voids no request under way.
   */
  unasked?: true;
}

/**
 * Catalogue collections are small and read from memory (src/catalogue/catalogue.ts). Each write raises the catalogue
 * version.
 */
export interface CatalogueCollection<T> {
  /** Throws StoreError `duplicate` when the id (or the unique name) exists. */
  insert(item: T): Promise<void>;
  get(id: string): Promise<T | undefined>;
  list(page: PageRequest, filter?: { groupId?: string; apiId?: string; ids?: string[] }): Promise<Page<T>>;
  /** All of them, for the in-memory catalogue. */
  all(): Promise<T[]>;
  /**
   * Reads, changes and writes back with compare-and-set on an internal version. It is repeated on a conflict. Undefined
   * when the object does not exist. The store sets `updatedAt`, unless it is `unasked`.
   */
  update(id: string, change: (item: T) => T, options?: UpdateOptions): Promise<T | undefined>;
  /**
   * With `admit` the deletion is a compare-and-set. `admit` is called with the object that is deleted. If it throws,
   * then the object stays.
   */
  delete(id: string, admit?: (item: T) => void): Promise<boolean>;
  /** Ids, also of objects that no key opens any more. */
  idsOf(filter: { groupId?: string; apiId?: string }): Promise<string[]>;
}

export const CATALOGUE_COLLECTIONS = ["apis", "eventTypes", "groups", "subscriptions", "apiKeys"] as const;

export type CatalogueName = (typeof CATALOGUE_COLLECTIONS)[number];

/** How often the catalogue was written, in all and for each collection. */
export interface CatalogueVersions {
  version: number;
  collections: Partial<Record<CatalogueName, number>>;
  /** So many of these writes are known one by one. See `catalogueChanges`. */
  logged: number;
}

/** The ids of the objects that were written, by collection. `all` when they are not known. */
export type CatalogueChanges = Partial<Record<CatalogueName, Set<string> | "all">>;
