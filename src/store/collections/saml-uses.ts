/** Ids of SAML that may be used only once: those of answered requests and of accepted assertions. */
import type { Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import { createExpiry } from "../mongo/oldest-first.js";

/** A used id at rest. */
export interface SamlUseDocument {
  _id: string;
  expiresAt: Date;
}

export interface SamlUseStore {
  /**
   * Uses the id. True for exactly one caller over all processes until `until`, and false for every other. The insert of
   * a unique `_id` decides, because it is atomic on both engines.
   */
  use(id: string, until: Date): Promise<boolean>;
  /** Forgets what has expired. MongoDB does so itself (TTL index), but FerretDB cannot. */
  removeExpired(): Promise<void>;
}

/** The store of used ids over its collection. */
export function createSamlUseStore(
  collection: Collection<SamlUseDocument>,
  { ferretDb }: { ferretDb: boolean },
): SamlUseStore {
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb });
  return {
    async use(id, until) {
      try {
        await guarded((within) => collection.insertOne({ _id: id, expiresAt: until }, within));
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    removeExpired: () => expiry.remove(),
  };
}
