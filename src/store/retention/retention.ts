/** What is removed by its age: settled events with their deliveries, attempts and routing records. */
import type { EventDocument } from "../collections/events.js";
import { findByIds } from "../mongo/batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { acceptedBehind, agedEvents, cutoffOf, oldestAccepted } from "./due-events.js";
import { type RemovalDependencies, removeEvents } from "./event-removal.js";
import type { RemovedEvents, RetentionStore } from "./retention-store.js";

const NOTHING: RemovedEvents = { events: new Map(), deliveries: 0, open: 0, held: 0 };

export function createRetentionStore(dependencies: RemovalDependencies): RetentionStore {
  const { events, ferretDb } = dependencies;
  return {
    async sweep({ cutoffs, after, settledBefore, isIdle }) {
      // Deliveries of earlier releases are found by their event only when they name it.
      if (!ferretDb && (await isBackfilling(dependencies.deliveries))) return NOTHING;
      const page = await agedEvents(events, cutoffs, { after, ferretDb });
      const aged = page.events.flatMap((event) => {
        const before = cutoffOf(cutoffs, event.apiId);
        return before ? [{ event, before: settledBefore ?? before }] : [];
      });
      const removed = await removeEvents(dependencies, aged, isIdle);
      const next = page.next([...removed.events.values()].reduce((sum, count) => sum + count, 0));
      return { ...removed, ...(next && { next }) };
    },
    oldest: () => oldestAccepted(events, ferretDb),
    acceptedBehind: (apiId, newest) => acceptedBehind(events, { apiId, newest, ferretDb }),
    async stays(eventId) {
      const [found] = await findByIds<EventDocument>(events, [eventId], { ferretDb, projection: { removing: 1 } });
      return found !== undefined && found.removing === undefined;
    },
  };
}

/** By the index of `eventId` (delivery-backfill.ts). */
const isBackfilling = async (deliveries: RemovalDependencies["deliveries"]): Promise<boolean> =>
  (await guarded(
    (within) => deliveries.findOne({ eventId: { $exists: false } }, { ...within, projection: { _id: 1 } }),
    LIST_DEADLINE_MS,
  )) !== null;
