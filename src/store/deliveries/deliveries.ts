/**
 * The collection of deliveries, each with its attempts. It is written often, so documents are compact and a batch is
 * one write. An insert costs 0.03 ms of our CPU a delivery, sealing included, and 0.12 ms of FerretDB's (in batches of
 * 200).
 */
import type { Collection } from "mongodb";
import { deliveryIdOf, eventOfDelivery } from "../../workflows/event-id.js";
import { findByIds, insertNew } from "../mongo/batch-insert.js";
import { createBacklog } from "./backlog.js";
import { type ChangeDeliveries, createDeliveryChanges, decideRecord } from "./delivery-changes.js";
import {
  bare,
  type DeliveryDocument,
  deliveryOf,
  documentOf,
  openDelivery,
  scopeOf,
  WITHOUT_DETAILS,
} from "./delivery-document.js";
import { countInserted, recordedBy } from "./recorded.js";
import { createSubscriptionRecords } from "./subscription-records.js";
import { acceptsOf, conditions, createDeliveryQueries, type DeliveryFields, ofEvent } from "./delivery-queries.js";
import { keysFor } from "../collections/events.js";
import type { Keyring } from "../sealing/keyring.js";
import type { Attempt } from "../model.js";
import { inBatches } from "../mongo/oldest-first.js";
import { findPage } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { CountRecorded } from "../stats/stats-store.js";
import type { DeliveryStore } from "../store.js";

export { ATTEMPTS_KEPT, type DeliveryDocument } from "./delivery-document.js";

/** Events whose deliveries are remembered after an erasure. */
const MOST_ERASED = 1_000;
/** Deliveries that an erasure of many events reads at once. */
const READ_AT_ONCE = 1_000;

export interface DeliveryStoreDependencies {
  keyring: Keyring;
  ferretDb: boolean;
  /** Ids of events whose attempts' details may not be stored any more. */
  expungedLately: ReadonlySet<string>;
  scan: Scan;
  fields: DeliveryFields;
  /** Told of what was recorded, once. */
  count: CountRecorded;
}

/** The delivery store over its collection. */
export function createDeliveryStore(
  collection: Collection<DeliveryDocument>,
  { keyring, ferretDb, expungedLately, scan, fields, count }: DeliveryStoreDependencies,
): DeliveryStore {
  const change = createDeliveryChanges(collection, { ferretDb });
  /** What an attempt under way at the time of an erasure would bring back is left out. */
  const mayKeep = (eventId: string): boolean => !expungedLately.has(eventId);
  const kept = <T extends { eventId: string; attempts: Attempt[] }>(delivery: T): T =>
    mayKeep(delivery.eventId) ? delivery : { ...delivery, attempts: delivery.attempts.map(bare) };

  return {
    ...createDeliveryQueries(collection, { scan, fields }),
    ...createSubscriptionRecords(collection, { scan, ferretDb }),
    ...createBacklog(collection, { scan, conditionsOf: (filter) => conditions(filter, fields) }),
    ...createDetailRemoval(collection, { ferretDb, scan, change }),
    async insertMany(given) {
      const deliveries = given.map(kept);
      const keys = await keysFor(
        keyring,
        deliveries.filter(({ attempts }) => attempts.some(({ detail }) => detail)).map(scopeOf),
      );
      const known = await insertNew(
        collection,
        deliveries.map((delivery) => documentOf(delivery, keys)),
      );
      countInserted(deliveries, known, count);
      return known;
    },
    async get(id) {
      const [document] = await findByIds(collection, [id], { ferretDb });
      return document && openDelivery(document, keyring);
    },
    async getMany(ids, signal) {
      const found = await findByIds(collection, ids, { ferretDb, projection: WITHOUT_DETAILS, signal });
      return new Map(found.map((document) => [document._id, deliveryOf(document)]));
    },
    async list(page, filter) {
      const accepts = acceptsOf(filter, fields);
      const { data, ...rest } = await findPage({
        collection,
        timeField: "createdAt",
        filter: conditions(filter, fields),
        page,
        projection: WITHOUT_DETAILS,
        scan,
        ...(accepts && { accepts: (document: DeliveryDocument) => accepts(deliveryOf(document)) }),
      });
      return { data: data.map(deliveryOf), ...rest };
    },
    async record(changes) {
      if (changes.length === 0) return [];
      const groups = changes.flatMap(({ id, attempt, groupId }) => {
        if (!attempt?.detail) return [];
        if (groupId === undefined) throw new Error(`the attempt detail of ${id} needs the groupId that seals it`);
        return scopeOf({ groupId });
      });
      return change(changes, decideRecord(new Date(), await keysFor(keyring, groups), mayKeep), (before, made) =>
        count(recordedBy(before, made)),
      );
    },
  };
}

/** What an erasure does to deliveries. */
function createDetailRemoval(
  collection: Collection<DeliveryDocument>,
  { ferretDb, scan, change }: { ferretDb: boolean; scan: Scan; change: ChangeDeliveries },
): Pick<DeliveryStore, "expungeDetails" | "expungeDetailsOf"> {
  /** Deliveries of events whose details were erased here. So what is written to them later is found without a scan. */
  const erased = new Map<string, readonly string[]>();
  /**
   * Whatever the fields say, because an erasure must also find what a process of an earlier release has just written.
   */
  async function idsOf(eventId: string): Promise<string[]> {
    const found = await scan((within) =>
      collection.find(ofEvent(eventId), { ...within, projection: { _id: 1, eventId: 1 } }).toArray(),
    );
    const ids = found.flatMap(({ _id: id, eventId: named }) =>
      (named ?? eventOfDelivery(id)) === eventId ? [id] : [],
    );
    if (erased.size >= MOST_ERASED) erased.clear();
    erased.set(eventId, ids);
    return ids;
  }

  /** Gives those that had some. */
  async function removeDetails(ids: string[]): Promise<string[]> {
    const changes = (await findByIds(collection, ids, { ferretDb, projection: { details: 1 } })).flatMap(
      ({ _id: id, details }) => (details ? [{ id }] : []),
    );
    // This is a change of the delivery like any other, so that an attempt that was read before cannot bring the details
    // back.
    if (changes.length > 0) await change(changes, () => ({ update: { set: {}, unset: ["details"] } }));
    return changes.map(({ id }) => id);
  }

  return {
    async expungeDetails(eventId, among) {
      const ids = among
        ? [
            ...new Set([
              ...among.map((subscriptionId) => deliveryIdOf(eventId, subscriptionId)),
              ...(erased.get(eventId) ?? []),
            ]),
          ]
        : await idsOf(eventId);
      return (await removeDetails(ids)).length > 0;
    },
    async expungeDetailsOf(eventIds) {
      const found = new Set<string>();
      for await (const batch of inBatches(collection, { projection: { eventId: 1 }, batch: READ_AT_ONCE })) {
        const ids = batch.flatMap(({ _id: id, eventId }) => (eventIds.has(eventId ?? eventOfDelivery(id)) ? [id] : []));
        for (const id of await removeDetails(ids)) found.add(eventOfDelivery(id));
      }
      return found;
    },
  };
}
