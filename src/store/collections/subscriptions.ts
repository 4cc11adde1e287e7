/**
 * Subscriptions with ids of their groups' own. Within a group each such id is used once. A partial unique index makes
 * sure of it on MongoDB, and a lock on FerretDB.
 */
import type { Collection } from "mongodb";
import type { CatalogueCollection } from "../collection.js";
import type { Subscription } from "../model.js";
import type { CatalogueDocument } from "../mongo/catalogue-collection.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { Scan } from "../mongo/scans.js";
import { StoreError } from "../store-error.js";

/** An external id that a subscription is about to get. */
interface Wanted {
  subscriptionId: string;
  groupId: string;
  externalId: string;
}

/** Thrown out of a change that gives an external id which is not held yet. Nothing has been written then. */
class MustBeHeld extends Error {
  readonly wanted: Wanted;
  constructor(wanted: Wanted) {
    super("The external id must be held before it is written.");
    this.wanted = wanted;
  }
}

/**
 * The same collection. `insert` and `update` throw StoreError `duplicate` when another subscription of the group has
 * the external id. Only a write that gives an external id costs more: one read, and a lock on FerretDB.
 */
export function withUniqueExternalIds(
  subscriptions: CatalogueCollection<Subscription>,
  { collection, exclusive, scan }: { collection: Collection<CatalogueDocument>; exclusive: Exclusive; scan: Scan },
): CatalogueCollection<Subscription> {
  const holding = <T>({ subscriptionId, groupId, externalId }: Wanted, write: () => Promise<T>): Promise<T> =>
    exclusive(`subscriptions/externalId/${groupId}/${externalId}`, async () => {
      const holder = await scan((within) =>
        collection.findOne({ groupId, externalId }, { ...within, projection: { _id: 1 } }),
      );
      if (holder && holder._id !== subscriptionId)
        throw new StoreError("duplicate", "Another subscription of the group has this external id.");
      return write();
    });

  return {
    ...subscriptions,
    insert(item) {
      const { id: subscriptionId, groupId, externalId } = item;
      const insert = () => subscriptions.insert(item);
      return externalId === undefined ? insert() : holding({ subscriptionId, groupId, externalId }, insert);
    },
    async update(id, change, options) {
      const update = (held?: string) =>
        subscriptions.update(
          id,
          (item) => {
            const after = change(item);
            const { groupId, externalId } = after;
            if (externalId !== undefined && externalId !== item.externalId && externalId !== held)
              throw new MustBeHeld({ subscriptionId: id, groupId, externalId });
            return after;
          },
          options,
        );
      // Only the change itself tells whether it gives an external id, and to tell it must see the object.
      try {
        return await update();
      } catch (error) {
        if (!(error instanceof MustBeHeld)) throw error;
        return holding(error.wanted, () => update(error.wanted.externalId));
      }
    },
  };
}
