/** Gives deliveries of earlier releases the fields by which they are found now: their event and their api. */
import { setTimeout as delay } from "node:timers/promises";
import type { Collection, Db } from "mongodb";
import { eventOfDelivery } from "../../workflows/event-id.js";
import { findByIds } from "../mongo/batch-insert.js";
import type { DeliveryDocument } from "./delivery-document.js";
import type { DeliveryFields } from "./delivery-queries.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { EventDocument } from "../collections/events.js";

/** The mark. When it is set, every delivery has its fields. */
interface FilledDocument {
  _id: "deliveryFields";
  filledAt: Date;
}

const BATCH = 500;
/** The pause between two batches, because a database in use has other work to do. */
const PAUSE_MS = 20;
/**
 * After this time it looks again, because a process of the earlier release may still write. It costs one look in an
 * index.
 */
const AGAIN_MS = 10 * 60_000;

export interface Backfill {
  /** What is known about the fields now. It follows the backfill. */
  fields: DeliveryFields;
  stop(): void;
}

/** Reads the mark. */
async function readMark(marks: Collection<FilledDocument>): Promise<boolean> {
  return (await guarded((within) => marks.findOne({ _id: "deliveryFields" }, within))) !== null;
}

/** Nothing is filled in on FerretDB. It would have to read every delivery, and no query would be faster afterwards. */
export const noBackfill = (): Backfill => ({ fields: { filled: false }, stop: () => undefined });

/**
 * Fills in the fields in the background, batch by batch. After a restart it goes on by itself, because deliveries
 * without the fields are next to each other in the index of `eventId`. The mark is set when nothing is left.
 */
export async function startBackfill(db: Db): Promise<Backfill> {
  const deliveries = db.collection<DeliveryDocument>("deliveries");
  const marks = db.collection<FilledDocument>("settings");
  const fields: DeliveryFields = { filled: await readMark(marks) };
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    for (;;) {
      const left = await fillSome(deliveries, db.collection<EventDocument>("events")).catch(() => undefined);
      if (left === 0 && !fields.filled) {
        await guarded((within) =>
          marks.updateOne({ _id: "deliveryFields" }, { $set: { filledAt: new Date() } }, { ...within, upsert: true }),
        ).then(
          () => (fields.filled = true),
          () => undefined,
        );
      }
      await delay(left === undefined || left === 0 ? AGAIN_MS : PAUSE_MS, undefined, {
        ref: false,
        signal: stopping.signal,
      });
    }
  };
  loop().catch(() => undefined);
  return { fields, stop: () => stopping.abort() };
}

/** Fills in one batch. Gives how many deliveries it had. */
export async function fillSome(
  deliveries: Collection<DeliveryDocument>,
  events: Collection<EventDocument>,
): Promise<number> {
  const found = await guarded(
    (within) =>
      deliveries
        .find({ eventId: { $exists: false } }, { ...within, projection: { _id: 1 } })
        .limit(BATCH)
        .toArray(),
    LIST_DEADLINE_MS,
  );
  if (found.length === 0) return 0;
  const ids = found.map(({ _id }) => ({ _id, eventId: eventOfDelivery(_id) }));
  const records = await findByIds(events, [...new Set(ids.map(({ eventId }) => eventId))], {
    ferretDb: false,
    projection: { apiId: 1 },
  });
  const apis = new Map(records.map(({ _id, apiId }) => [_id, apiId]));
  await guarded(
    (within) =>
      deliveries.bulkWrite(
        ids.map(({ _id, eventId }) => {
          const apiId = apis.get(eventId);
          // Nothing else of the delivery changes, and no other writer sets these fields. So no sequence number is
          // needed.
          return {
            updateOne: {
              filter: { _id, eventId: { $exists: false } },
              update: { $set: { eventId, ...(apiId && { apiId }) } },
            },
          };
        }),
        { ...within, ordered: false },
      ),
    LIST_DEADLINE_MS,
  );
  return found.length;
}
