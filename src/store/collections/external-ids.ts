/**
 * Ids that others gave to our objects. Within a scope each such id is used once: a subscription's within its group, an
 * api's or a group's within the installation.
 */
import type { Collection } from "mongodb";
import type { CatalogueCollection } from "../collection.js";
import type { CatalogueDocument } from "../mongo/catalogue-collection.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { Scan } from "../mongo/scans.js";
import { StoreError } from "../store-error.js";

interface Named {
  id: string;
  externalId?: string;
}

/** An external id that an object is about to get. */
interface Wanted<T> {
  item: T;
  externalId: string;
}

/** Thrown out of a change that gives an external id which is not held yet. Nothing has been written then. */
class MustBeHeld<T> extends Error {
  readonly wanted: Wanted<T>;
  constructor(wanted: Wanted<T>) {
    super("The external id must be held before it is written.");
    this.wanted = wanted;
  }
}

export interface ExternalIdOptions<T> {
  collection: Collection<CatalogueDocument>;
  /** Where no unique index decides, this must hold over all processes. */
  exclusive: Exclusive;
  scan: Scan;
  /** The fields that objects of one scope have in common. */
  scopeOf: (item: T) => Readonly<Record<string, string>>;
}

/**
 * The same collection. `insert` and `update` throw StoreError `duplicate` when another object of the scope has the
 * external id. Only a write that gives an external id costs more: one read, and the lock.
 */
export function withUniqueExternalIds<T extends Named>(
  items: CatalogueCollection<T>,
  { collection, exclusive, scan, scopeOf }: ExternalIdOptions<T>,
): CatalogueCollection<T> {
  const holding = <R>({ item, externalId }: Wanted<T>, write: () => Promise<R>): Promise<R> => {
    const scope = scopeOf(item);
    const name = [collection.collectionName, "externalId", ...Object.values(scope), externalId].join("/");
    return exclusive(name, async () => {
      const holder = await scan((within) =>
        collection.findOne({ ...scope, externalId }, { ...within, projection: { _id: 1 } }),
      );
      if (holder && holder._id !== item.id) throw new StoreError("duplicate", "Another object has this external id.");
      return write();
    });
  };

  return {
    ...items,
    insert(item) {
      const { externalId } = item;
      const insert = () => items.insert(item);
      return externalId === undefined ? insert() : holding({ item, externalId }, insert);
    },
    async update(id, change, options) {
      const update = (held?: string) =>
        items.update(
          id,
          (item) => {
            const after = change(item);
            const { externalId } = after;
            if (externalId !== undefined && externalId !== item.externalId && externalId !== held)
              throw new MustBeHeld({ item: after, externalId });
            return after;
          },
          options,
        );
      // Only the change itself tells whether it gives an external id, and to tell it must see the object.
      try {
        return await update();
      } catch (error) {
        if (!(error instanceof MustBeHeld)) throw error;
        const wanted = error.wanted as Wanted<T>;
        return holding(wanted, () => update(wanted.externalId));
      }
    },
  };
}
