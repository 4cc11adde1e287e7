/** The collection that counts changes: of the catalogue, as a whole and collection by collection, and erasures. One document, read every second. */
import type { Collection, UpdateFilter } from "mongodb";
import { guarded, isDuplicate } from "./driver-errors.js";
import type { Exclusive } from "./exclusive.js";
import type { CatalogueName, CatalogueVersions } from "./store.js";

/** The counts, and what `ping` writes. */
export interface ChangesDocument {
  _id: "catalogue" | "ping";
  version?: number;
  collections?: CatalogueVersions["collections"];
  /** Raised by every erasure; read together with the catalogue version. */
  erasures?: number;
  at?: Date;
}

export interface Changes {
  /** A catalogue collection was written. */
  written(name: CatalogueName): Promise<void>;
  erased: () => Promise<void>;
  read(): Promise<CatalogueVersions & { erasures: number }>;
  /** A majority write. */
  ping: (timeoutMs: number) => Promise<void>;
}

export function createChanges(collection: Collection<ChangesDocument>, exclusive: Exclusive): Changes {
  /** Of two concurrent upserts of a new document one may fail as a duplicate; the second time it is an update. */
  async function upsert(_id: ChangesDocument["_id"], update: UpdateFilter<ChangesDocument>, timeoutMs?: number): Promise<void> {
    const write = () => guarded((within) => collection.updateOne({ _id }, update, { ...within, upsert: true }), timeoutMs);
    await write().catch((error: unknown) => {
      if (!isDuplicate(error)) throw error;
      return write();
    });
  }
  const raise = ($inc: Record<string, 1>) => exclusive("changes/catalogue", () => upsert("catalogue", { $inc }));
  return {
    written: (name) => raise({ version: 1, [`collections.${name}`]: 1 }),
    erased: () => raise({ erasures: 1 }),
    async read() {
      const { version = 0, collections = {}, erasures = 0 } = (await guarded((within) => collection.findOne({ _id: "catalogue" }, within))) ?? {};
      return { version, collections, erasures };
    },
    ping: (timeoutMs) => upsert("ping", { $set: { at: new Date() } }, timeoutMs),
  };
}
