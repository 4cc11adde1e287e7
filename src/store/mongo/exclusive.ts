/**
 * One writer at a time for one document. MongoDB's updates of a document are atomic, but FerretDB's are not. It reads,
 * changes and writes back, and of 200 concurrent `$inc` it kept 14. The insert of a unique `_id` is atomic there, so a
 * lock is such an insert.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Collection } from "mongodb";
import { guarded, isDuplicate } from "./driver-errors.js";
import { StoreError } from "../store-error.js";

/** Runs the work while no other process runs work of that name. */
export type Exclusive = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** For MongoDB, where the work relies on its own compare-and-set. */
export const unguarded: Exclusive = (_name, work) => work();

/** A lock at rest. */
export interface LockDocument {
  _id: string;
  at: Date;
  /**
   * The holder of the lock. Only the holder removes it, even if another process took the lock as abandoned meanwhile.
   * Missing in locks of earlier releases.
   */
  holder?: string;
}

const RETRY_MS = 10;
const PATIENCE_MS = 8_000;
/** After this time the holder must have died, because its operations would have given up long before. */
const ABANDONED_MS = 20_000;

/** Runs the work after all earlier work of this process that has a name in common. */
export type InTurn = <T>(names: readonly string[], work: () => Promise<T>) => Promise<T>;

/**
 * In turn within this process. A work takes its place for all its names at once, so that no two wait for each other.
 */
export function createExclusiveTurns(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (names, work) => {
    const before = new Set(names.flatMap((name) => last.get(name) ?? []));
    const mine = Promise.allSettled(before).then(work);
    for (const name of names) last.set(name, mine);
    try {
      return await mine;
    } finally {
      for (const name of names) if (last.get(name) === mine) last.delete(name);
    }
  };
}

/** In turn over all processes, for rare writes on FerretDB: 4 ms more for each. Throws StoreError `unavailable`. */
export function createLocks(locks: Collection<LockDocument>): Exclusive {
  const inTurn = createExclusiveTurns();
  return (name, work) =>
    inTurn([name], async () => {
      const holder = await acquire(locks, name);
      try {
        return await work();
      } finally {
        // A lock that cannot be removed now is abandoned later.
        await guarded((within) => locks.deleteOne({ _id: name, holder }, within)).catch(() => undefined);
      }
    });
}

async function acquire(locks: Collection<LockDocument>, name: string): Promise<string> {
  const holder = randomUUID();
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    try {
      await guarded((within) => locks.insertOne({ _id: name, at: new Date(), holder }, within));
      return holder;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const held = await guarded((within) => locks.findOne({ _id: name }, within));
    if (held && Date.now() - held.at.getTime() > ABANDONED_MS)
      await guarded((within) => locks.deleteOne({ _id: name, at: held.at }, within));
    else await delay(RETRY_MS * (0.5 + Math.random()));
  }
  throw new StoreError("unavailable", `${name} is being changed by another process. Try again.`);
}
