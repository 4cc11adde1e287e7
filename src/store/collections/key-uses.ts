/**
 * When each API key was last used. It is stored apart from the keys, because all processes hold the keys in memory and
 * reload them after each write.
 */
import type { Collection } from "mongodb";
import { findByIds } from "../mongo/batch-insert.js";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";

/** The last use of a key at rest. Several processes write it, and the latest flush counts. */
export interface KeyUseDocument {
  _id: string;
  at: Date;
}

export interface KeyUses {
  /** Remembers that the key was used now. It costs no write, because uses are written once a minute. */
  note(keyId: string): void;
  /** When each of these keys was last used, to about a minute. Keys that were never used are left out. */
  lastUsed(keyIds: readonly string[]): Promise<Map<string, Date>>;
}

/** Uses that are written out when the store closes. */
export interface ManagedKeyUses extends KeyUses {
  flush(): Promise<void>;
  stop(): void;
}

const FLUSH_MS = 60_000;

/** The uses of keys over their collection. */
export function createKeyUses(
  collection: Collection<KeyUseDocument>,
  { ferretDb, flushMs = FLUSH_MS }: { ferretDb: boolean; flushMs?: number },
): ManagedKeyUses {
  const unwritten = new Map<string, number>();

  async function flush(): Promise<void> {
    const uses = [...unwritten];
    unwritten.clear();
    for (const [id, time] of uses) {
      try {
        await write(collection, id, new Date(time));
      } catch {
        // It is tried again with the next flush. A time that is a minute too early does no harm.
        if ((unwritten.get(id) ?? 0) < time) unwritten.set(id, time);
      }
    }
  }
  const timer = setInterval(() => void flush(), flushMs).unref();
  return {
    note: (keyId) => void unwritten.set(keyId, Date.now()),
    async lastUsed(keyIds) {
      const found = await findByIds(collection, [...keyIds], { ferretDb });
      const uses = new Map(found.map(({ _id, at }) => [_id, at]));
      for (const id of keyIds) {
        const time = unwritten.get(id);
        if (time !== undefined) uses.set(id, new Date(time));
      }
      return uses;
    },
    flush,
    stop: () => clearInterval(timer),
  };
}

/** If two processes write a key's first use at the same time, then one finds the other's document and updates it. */
async function write(collection: Collection<KeyUseDocument>, _id: string, at: Date): Promise<void> {
  const set = () => guarded((within) => collection.updateOne({ _id }, { $set: { at } }, { ...within, upsert: true }));
  await set().catch((error: unknown) => {
    if (!isDuplicate(error)) throw error;
    return set();
  });
}
