/** The collection of recoveries. */
import type { Collection } from "mongodb";
import { guarded } from "./driver-errors.js";
import type { Recovery } from "./model.js";
import type { Store } from "./store.js";

/** A recovery at rest. */
export type RecoveryDocument = Omit<Recovery, "id"> & { _id: string };

/** The store of recoveries over its collection. */
export function createRecoveryStore(collection: Collection<RecoveryDocument>): Store["recoveries"] {
  return {
    async insert({ id, ...fields }) {
      await guarded(() => collection.insertOne({ _id: id, ...fields }));
    },
    async get(id) {
      const document = await guarded(() => collection.findOne({ _id: id }));
      if (!document) return undefined;
      const { _id, ...fields } = document;
      return { id: _id, ...fields };
    },
    async update(id, { id: _id, ...change }) {
      await guarded(() => collection.updateOne({ _id: id }, { $set: { ...change, updatedAt: new Date() } }));
    },
  };
}
