/**
 * Announcements of owner ids. Before a process writes an id into the record of an event, it announces that id here by a
 * majority write. An id leaves the announcement once the workflow with that id is known to have been started. So
 * whoever finds the announcement of a process that is gone finds every event that was accepted and never started.
 *
 * A process renews its announcement. The age of the last renewal is judged by the database's clock alone. The clocks of
 * two machines may differ by more than the lease.
 */
import type { Collection, Db } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import { renewedBefore, notRenewedSince } from "../mongo/guards.js";
import { serverClock } from "../mongo/server-clock.js";

/** An announcement at rest. Its id is the process. */
export interface OwnersDocument {
  _id: string;
  /** When it was last renewed, by the database's clock. */
  renewedAt: Date;
  /** Number of the last renewal, as the process counts them. */
  renewal: number;
  /** Owner ids that may be in records of events whose workflow is not known to have been started. */
  open: string[];
  /** The form in which the process writes and starts events. */
  protocol: 2;
}

/** What a process has announced. */
export interface OwnerAnnouncement {
  process: string;
  open: string[];
  /** Milliseconds since it was renewed, by the database's clock. */
  ageMs: number;
  renewedAt: Date;
}

export interface OwnerStore {
  /** The first announcement of a process. Throws StoreError `unavailable`. An announcement that exists is renewed. */
  begin(process: string, open: readonly string[], renewal: number): Promise<void>;
  /**
   * Replaces the ids of an announcement and renews it. `renewal` counts these writes, so that one that lands late
   * changes nothing. False when the announcement is gone: another process took its ids over.
   * Throws StoreError `unavailable`.
   */
  renew(process: string, open: readonly string[], renewal: number): Promise<boolean>;
  /** All of them, with their age. Throws StoreError `unavailable`. */
  all(): Promise<OwnerAnnouncement[]>;
  /** Removes the announcement of this process itself, when nothing of it is open. Throws StoreError `unavailable`. */
  end(process: string): Promise<void>;
  /** Removes the announcement of a process that is gone. Nothing happens when it was renewed meanwhile. */
  remove(announcement: Pick<OwnerAnnouncement, "process" | "renewedAt">): Promise<boolean>;
}

/** The store of announcements. One small document for each running API process. */
export function createOwnerStore(db: Db, collection: Collection<OwnersDocument>): OwnerStore {
  const renew = async (process: string, open: readonly string[], renewal: number): Promise<boolean> => {
    const change = { $set: { open: [...open], renewal }, $currentDate: { renewedAt: true as const } };
    return (
      (await guarded((within) => collection.updateOne(renewedBefore(process, renewal), change, within)))
        .matchedCount === 1
    );
  };
  return {
    async begin(process, open, renewal) {
      try {
        await guarded(async (within) =>
          collection.insertOne(
            { _id: process, renewedAt: await serverClock(db), open: [...open], renewal, protocol: 2 },
            within,
          ),
        );
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await renew(process, open, renewal);
      }
    },
    renew,
    async all() {
      const now = await guarded(() => serverClock(db));
      const documents = await guarded((within) => collection.find({}, within).toArray());
      return documents.map(({ _id, open, renewedAt }) => ({
        process: _id,
        open,
        renewedAt,
        ageMs: now.getTime() - renewedAt.getTime(),
      }));
    },
    async end(process) {
      await guarded((within) => collection.deleteOne({ _id: process }, within));
    },
    async remove({ process, renewedAt }) {
      const same = notRenewedSince(process, renewedAt);
      return (await guarded((within) => collection.deleteOne(same, within))).deletedCount === 1;
    },
  };
}
