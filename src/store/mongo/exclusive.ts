/**
 * One writer at a time for one document. MongoDB's updates of a document are atomic; FerretDB's are not: it reads,
 * changes and writes back, and of 200 concurrent `$inc` it kept 14. What is atomic there is the insert of a unique
 * `_id`, so a lock is one.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Collection } from "mongodb";
import { guarded, isDuplicate } from "./driver-errors.js";
import { StoreError } from "../store-error.js";

/** Runs the work while nobody else runs work of that name. */
export type Exclusive = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** For MongoDB: the work relies on its own compare-and-set. */
export const unguarded: Exclusive = (_name, work) => work();

/** A lock at rest. */
export interface LockDocument {
  _id: string;
  at: Date;
  /**
   * Whose it is: nobody removes another's, also when its own was taken for abandoned meanwhile. Missing in those of
   * earlier releases.
   */
  holder?: string;
}

const RETRY_MS = 10;
const PATIENCE_MS = 8_000;
/** The holder died: its operations would have given up long before. */
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
