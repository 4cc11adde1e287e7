/** The collection of administrative acts: written once, never changed. */
import type { Collection } from "mongodb";
import { guarded } from "./driver-errors.js";
import { newId } from "./ids.js";
import { findPage } from "./paging.js";
import type { Store } from "./store.js";

/** An entry at rest. `detail` is JSON text: its field names are anybody's, and the stand-in refuses some. */
export interface AuditDocument {
  _id: string;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail?: string;
}

/** The audit trail over its collection. */
export function createAuditStore(collection: Collection<AuditDocument>): Store["audit"] {
  return {
    async append({ detail, ...entry }) {
      await guarded(() => collection.insertOne({ _id: newId("aud"), at: new Date(), ...entry, ...(detail && { detail: JSON.stringify(detail) }) }));
    },
    async list(page) {
      const { data, ...rest } = await findPage({ collection, timeField: "at", filter: [], page });
      const entries = data.map(({ _id: id, detail, ...entry }) => ({
        id,
        ...entry,
        ...(detail !== undefined && { detail: JSON.parse(detail) as Record<string, unknown> }),
      }));
      return { data: entries, ...rest };
    },
  };
}
