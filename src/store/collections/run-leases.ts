/**
 * Leases of runs. The engine gives a dispatch that it has not heard of for 10 s to another worker, while the first one
 * may still be sending. A run that lasts long, and one that may not be the first, sends only while its process holds
 * the lease of the workflow. The age of a lease is judged by the database's clock alone.
 */
import type { Collection, Db } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import { leasedBy, leasedSince } from "../mongo/guards.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { serverClock } from "../mongo/server-clock.js";
import { HOUR_MS } from "../../workflows/durations.js";

/** A lease at rest. Its id is the workflow. */
export interface RunLeaseDocument {
  _id: string;
  /** The process. */
  holder: string;
  /** When it was last renewed, by the database's clock. */
  renewedAt: Date;
  /** When what a killed process left is removed, if no other run of the workflow took it over. */
  expiresAt: Date;
}

export interface RunLeaseStore {
  /**
   * Takes the lease of a workflow's run, or renews it. False while another process holds it. One that was not renewed
   * for `RUN_LEASE_MS`, or whose process has ended as `isGone` knows, is taken over. Throws StoreError `unavailable`.
   */
  take(run: string, holder: string, isGone?: (process: string) => boolean): Promise<boolean>;
  /** Gives it back. Nothing happens when another process holds it. Throws StoreError `unavailable`. */
  leave(run: string, holder: string): Promise<void>;
  /** Forgets leases that nobody took over. MongoDB does so itself (TTL index), but FerretDB cannot. */
  removeExpired(): Promise<void>;
}

/** How long a lease lasts that is not renewed, milliseconds. */
export const RUN_LEASE_MS = 10_000;
/** Another process may take the lease between two of these steps. It is asked for anew then. */
const TRIES = 3;

/** The store of leases over its collection. */
export function createRunLeaseStore(
  db: Db,
  collection: Collection<RunLeaseDocument>,
  { ferretDb }: { ferretDb: boolean },
): RunLeaseStore {
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb });

  /** True when nobody had it. */
  async function insert(run: string, holder: string, now: Date): Promise<boolean> {
    const expiresAt = new Date(now.getTime() + HOUR_MS);
    try {
      await guarded((within) => collection.insertOne({ _id: run, holder, renewedAt: now, expiresAt }, within));
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
  async function renew(run: string, holder: string, now: Date): Promise<boolean> {
    const change = { $set: { renewedAt: now, expiresAt: new Date(now.getTime() + HOUR_MS) } };
    return (await guarded((within) => collection.updateOne(leasedBy(run, holder), change, within))).matchedCount === 1;
  }
  return {
    async take(run, holder, isGone = () => false) {
      expiry.now();
      for (let tries = 0; tries < TRIES; tries++) {
        const now = await guarded(() => serverClock(db));
        if (await insert(run, holder, now)) return true;
        const held = await guarded((within) => collection.findOne({ _id: run }, within));
        if (held?.holder === holder) {
          if (await renew(run, holder, now)) return true;
        } else if (held) {
          if (!isGone(held.holder) && now.getTime() - held.renewedAt.getTime() < RUN_LEASE_MS) return false;
          const same = leasedSince(run, held.holder, held.renewedAt);
          await guarded((within) => collection.deleteOne(same, within));
        }
      }
      return false;
    },
    async leave(run, holder) {
      await guarded((within) => collection.deleteOne(leasedBy(run, holder), within));
    },
    removeExpired: () => expiry.remove(),
  };
}
