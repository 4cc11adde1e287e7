/**
 * What a dispatch left out. There is one document for each dispatch that left something out, with ids and no content.
 * If every subscription wants the events and is in service, then a dispatch writes nothing here.
 */
import type { Collection } from "mongodb";
import { findByIds, insertNew } from "../mongo/batch-insert.js";
import { guarded } from "../mongo/driver-errors.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { DAY_MS } from "../../workflows/durations.js";

/** How long a record is kept. */
export const ROUTING_KEPT_DAYS = 30;
/** So many ids are in one list. Further ones are not recorded, and `cut` says so. */
const MOST_IDS = 1_000;
/** Pages of a wide fan-out that are read for one event. */
const MOST_PAGES = 200;

/** Subscriptions that an event of this type did not reach by the catalogue that the dispatch had. */
export interface LeftOut {
  /** Subscribed and granted, in a status in which no deliveries are made. */
  notInService: readonly string[];
  /** Subscribed, but the group is not granted the type. */
  notGranted: readonly string[];
}

export interface RoutingRecord {
  /** The workflow that dispatched. */
  id: string;
  at: Date;
  /** How many pages the dispatch was cut into. Each page has a record of its own. */
  pages?: number;
  /**
   * By event id, the subscriptions whose filters left it out. A dispatch makes at most 1,000 deliveries, so there are
   * no more than that.
   */
  filtered: ReadonlyMap<string, readonly string[]>;
  /** By event type. */
  leftOut: ReadonlyMap<string, LeftOut>;
}

export interface RoutingDocument {
  _id: string;
  at: Date;
  expiresAt: Date;
  pages?: number;
  filtered: { event: string; subscriptions: string[] }[];
  leftOut: { type: string; notInService: string[]; notGranted: string[]; cut?: true }[];
}

export interface RoutingStore {
  /** Records it, unless the workflow has a record already. If it ran twice, then the first run decided. */
  record(record: RoutingRecord): Promise<void>;
  /** Forgets what has expired. MongoDB does so itself (TTL index). On FerretDB it happens beside later records. */
  removeExpired(): Promise<void>;
  /** What the dispatch by this workflow, and its pages, left out of the event. Undefined when nothing is recorded. */
  of(owner: string, event: { id: string; type: string }): Promise<EventRouting | undefined>;
  /** The workflows of the pages that these dispatches were cut into. A dispatch without pages is not in it. */
  pagesOf(owners: readonly string[]): Promise<Map<string, readonly string[]>>;
  /** Forgets these events of each dispatch, and its pages. What is left of the record ends with its time. */
  forget(byOwner: ReadonlyMap<string, readonly string[]>): Promise<void>;
}

export interface EventRouting {
  at: Date;
  filtered: ReadonlySet<string>;
  notInService: ReadonlySet<string>;
  notGranted: ReadonlySet<string>;
  /** False when not all of it was recorded or read. */
  complete: boolean;
}

const documentOf = ({ id, at, pages, filtered, leftOut }: RoutingRecord): RoutingDocument => ({
  _id: id,
  at,
  expiresAt: new Date(at.getTime() + ROUTING_KEPT_DAYS * DAY_MS),
  ...(pages !== undefined && { pages }),
  filtered: [...filtered].map(([event, subscriptions]) => ({ event, subscriptions: [...subscriptions] })),
  leftOut: [...leftOut].map(([type, { notInService, notGranted }]) => ({
    type,
    notInService: notInService.slice(0, MOST_IDS),
    notGranted: notGranted.slice(0, MOST_IDS),
    ...((notInService.length > MOST_IDS || notGranted.length > MOST_IDS) && { cut: true as const }),
  })),
});

const pagesOf = (owner: string, pages: number): string[] =>
  Array.from({ length: pages }, (_, index) => `page/${owner}/${index}`);

export function createRoutingStore(
  collection: Collection<RoutingDocument>,
  { ferretDb }: { ferretDb: boolean },
): RoutingStore {
  // All are kept for the same time, so the oldest are the first to go.
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb });
  return {
    async forget(byOwner) {
      const found = await findByIds(collection, [...byOwner.keys()], { ferretDb, projection: { pages: 1 } });
      for (const { _id: owner, pages = 0 } of found) {
        const gone = new Set(byOwner.get(owner));
        for (const document of await findByIds(collection, [owner, ...pagesOf(owner, pages)], { ferretDb })) {
          const filtered = document.filtered.filter(({ event }) => !gone.has(event));
          // A record is written once, and only this changes it. Two that do so at once leave an id until its time.
          if (filtered.length < document.filtered.length)
            await guarded((within) => collection.updateOne({ _id: document._id }, { $set: { filtered } }, within));
        }
      }
    },
    async pagesOf(owners) {
      const found = await findByIds(collection, owners, { ferretDb, projection: { pages: 1 } });
      return new Map(
        found.flatMap(({ _id: owner, pages }) => (pages ? [[owner, pagesOf(owner, pages)] as const] : [])),
      );
    },
    removeExpired: () => expiry.remove(),
    async record(record) {
      expiry.now();
      await insertNew(collection, [documentOf(record)]);
    },
    async of(owner, { id, type }) {
      const [own] = await findByIds(collection, [owner], { ferretDb });
      const pages = Math.min(own?.pages ?? 0, MOST_PAGES);
      const further = pages > 0 ? await findByIds(collection, pagesOf(owner, pages), { ferretDb }) : [];
      const documents = [...(own ? [own] : []), ...further];
      const [first] = documents;
      if (!first) return undefined;
      const parts = documents.flatMap(({ leftOut }) => leftOut.filter((part) => part.type === type));
      return {
        at: first.at,
        filtered: new Set(
          documents.flatMap(({ filtered }) =>
            filtered.filter(({ event }) => event === id).flatMap(({ subscriptions }) => subscriptions),
          ),
        ),
        notInService: new Set(parts.flatMap(({ notInService }) => notInService)),
        notGranted: new Set(parts.flatMap(({ notGranted }) => notGranted)),
        complete: pages === (own?.pages ?? 0) && parts.every(({ cut }) => cut !== true),
      };
    },
  };
}
