/**
 * The collection that counts changes: those of the catalogue, in all and for each collection, and erasures. It is one
 * document, which each process reads every second.
 */
import type { Collection, UpdateFilter } from "mongodb";
import { createAnnouncements } from "./announcements.js";
import { guarded, isDuplicate } from "./driver-errors.js";
import type { Exclusive } from "./exclusive.js";
import {
  CATALOGUE_COLLECTIONS,
  type CatalogueChanges,
  type CatalogueName,
  type CatalogueVersions,
} from "../collection.js";

/** One write of the catalogue. Without an id it concerned more than one object of the collection. */
interface CatalogueWrite {
  name: CatalogueName;
  id?: string;
}

/**
 * `lost`: no acknowledgement came, and the write may still be made. `unmatched`: there was nothing to change, as when
 * such a write is repeated.
 */
export type Doubtful = "lost" | "unmatched";

/** The counts, the last writes, and what `ping` writes. */
export interface ChangesDocument {
  _id: "catalogue" | "ping";
  version?: number;
  collections?: CatalogueVersions["collections"];
  /** How many writes were entered in `recent`. Releases that knew no `recent` raised `version` alone. */
  logged?: number;
  /** The last writes, the newest at the end. */
  recent?: CatalogueWrite[];
  /** Raised by every erasure. It is read together with the catalogue version. */
  erasures?: number;
  at?: Date;
}

export interface Changes {
  /** An object of a catalogue collection was written. When this fails it is announced later. */
  written(name: CatalogueName, id?: string): Promise<void>;
  /**
   * The write may have been made. It is announced in the background: once if nothing matched, and again after a while
   * if an acknowledgement was lost.
   */
  doubtful(name: CatalogueName, id: string, why: Doubtful): void;
  /** Something was erased. When this fails it is announced later. */
  erased(): Promise<void>;
  erasureDoubtful(): void;
  read(): Promise<CatalogueVersions & { erasures: number }>;
  /** The objects that were written since then. Undefined when that is not known any more. */
  since(before: CatalogueVersions): Promise<CatalogueChanges | undefined>;
  /** A majority write. */
  ping(timeoutMs: number): Promise<void>;
  /** Announces once more what could not be announced yet. */
  close(): Promise<void>;
}

/**
 * So many writes are remembered one by one, at some 60 bytes each. A process that has missed more reads whole
 * collections.
 */
const REMEMBERED = 200;

interface ChangesDependencies {
  exclusive: Exclusive;
  ferretDb: boolean;
  /** The collection over the connections of commits: a ping tells whether a publish would be accepted. */
  pings?: Collection<ChangesDocument>;
}

/**
 * With `ferretDb` the server is FerretDB. Its `$push` does not shorten an array, and its updates are only atomic under
 * a lock.
 */
export function createChanges(
  collection: Collection<ChangesDocument>,
  { exclusive, ferretDb, pings = collection }: ChangesDependencies,
): Changes {
  /**
   * The document is made first and then changed without an upsert. Of concurrent upserts some implementations of
   * MongoDB's protocol lose a count.
   */
  async function update(
    _id: ChangesDocument["_id"],
    change: UpdateFilter<ChangesDocument>,
    { on = collection, timeoutMs }: { on?: Collection<ChangesDocument>; timeoutMs?: number } = {},
  ): Promise<void> {
    const write = async () =>
      (await guarded((within) => on.updateOne({ _id }, change, within), timeoutMs)).matchedCount === 1;
    if (await write()) return;
    await guarded((within) => on.insertOne({ _id }, within), timeoutMs).catch((error: unknown) => {
      if (!isDuplicate(error)) throw error;
    });
    await write();
  }
  async function count({ name, id }: CatalogueWrite): Promise<void> {
    const write: CatalogueWrite = id === undefined ? { name } : { name, id };
    const $inc = { version: 1, logged: 1, [`collections.${name}`]: 1 };
    if (!ferretDb) return update("catalogue", { $inc, $push: { recent: { $each: [write], $slice: -REMEMBERED } } });
    const { recent = [] } = (await guarded((within) => collection.findOne({ _id: "catalogue" }, within))) ?? {};
    await update("catalogue", { $inc, $set: { recent: [...recent, write].slice(-REMEMBERED) } });
  }
  const locked = (work: () => Promise<void>): Promise<void> => exclusive("changes/catalogue", work);
  const writes = createAnnouncements<CatalogueWrite>((write) => locked(() => count(write)), {
    keyOf: ({ name, id }) => `${name}/${id ?? ""}`,
    whole: ({ name }) => ({ name }),
  });
  const erasures = createAnnouncements<"erasure">(() => locked(() => update("catalogue", { $inc: { erasures: 1 } })), {
    keyOf: (what) => what,
    whole: (what) => what,
  });
  return {
    written: (name, id) => writes.announce(id === undefined ? { name } : { name, id }),
    doubtful: (name, id, why) => (why === "lost" ? writes.doubt({ name, id }) : writes.soon({ name, id })),
    erased: () => erasures.announce("erasure"),
    erasureDoubtful: () => erasures.doubt("erasure"),
    async read() {
      const found = await guarded((within) =>
        collection.findOne({ _id: "catalogue" }, { ...within, projection: { recent: 0 } }),
      );
      return { ...versionsOf(found), erasures: found?.erasures ?? 0 };
    },
    async since(before) {
      const found = await guarded((within) => collection.findOne({ _id: "catalogue" }, within));
      return changesOf(before, versionsOf(found), found?.recent ?? []);
    },
    ping: (timeoutMs) => update("ping", { $set: { at: new Date() } }, { on: pings, timeoutMs }),
    close: async () => void (await Promise.all([writes.close(), erasures.close()])),
  };
}

const versionsOf = (found: ChangesDocument | null): CatalogueVersions => ({
  version: found?.version ?? 0,
  collections: found?.collections ?? {},
  logged: found?.logged ?? 0,
});

function changesOf(
  before: CatalogueVersions,
  now: CatalogueVersions,
  recent: CatalogueWrite[],
): CatalogueChanges | undefined {
  const missed = now.logged - before.logged;
  // A process of an earlier release raises the whole version only, and a restored database counts from where it was.
  if (missed < 0 || missed > recent.length || now.version - before.version !== missed) return undefined;
  const changes: CatalogueChanges = {};
  for (const { name, id } of missed === 0 ? [] : recent.slice(-missed)) {
    if (!CATALOGUE_COLLECTIONS.includes(name)) return undefined;
    const known = changes[name];
    if (id === undefined || known === "all") changes[name] = "all";
    else changes[name] = (known ?? new Set()).add(id);
  }
  return changes;
}
