/**
 * Legal holds. An event that is held, or that was sent to a group that is held, is neither removed by its age nor
 * erased. There are few of them, and they are read whenever something is removed.
 */
import type { Collection } from "mongodb";
import { findByIds } from "../mongo/batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { inBatches } from "../mongo/oldest-first.js";
import { findPage } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { Page, PageRequest } from "../collection.js";

/** What is held: one event, or everything that was sent to a group. */
export type HoldTarget = `event/${string}` | `group/${string}`;

export interface Hold {
  target: HoldTarget;
  /** In the words of the person who asked for it. */
  reason: string;
  by: string;
  at: Date;
}

/** A hold at rest. */
export interface HoldDocument {
  _id: HoldTarget;
  reason: string;
  by: string;
  at: Date;
}

export interface HoldStore {
  /** Places it. One that is there gets the new reason. */
  put(hold: Hold): Promise<void>;
  get(target: HoldTarget): Promise<Hold | undefined>;
  /** False when there was none. */
  delete(target: HoldTarget): Promise<boolean>;
  /** Newest first. */
  list(page: PageRequest): Promise<Page<Hold>>;
  /** Those of these events that are held by themselves. */
  heldOf(eventIds: readonly string[]): Promise<Set<string>>;
  /** Ids of the groups that are held. */
  heldGroups(): Promise<string[]>;
  /** Ids of the events that are held by themselves, some at a time. */
  heldEvents(): AsyncIterable<string[]>;
}

const PAGE = 500;
/** The character after `/`, so that `event/` to `event0` is every event. */
const AFTER_SLASH = "0";

interface Options {
  ferretDb: boolean;
  exclusive: Exclusive;
  scan: Scan;
}

/** The store of holds over its collection. */
export function createHoldStore(
  collection: Collection<HoldDocument>,
  { ferretDb, exclusive, scan }: Options,
): HoldStore {
  /** FerretDB reads a range like everything else, so there the few holds are read in the order of their insertion. */
  async function* idsOf(kind: "event" | "group"): AsyncGenerator<string[]> {
    const isKind = (target: string): boolean => target.startsWith(`${kind}/`);
    if (ferretDb) {
      for await (const batch of inBatches(collection, { projection: { _id: 1 }, batch: PAGE }))
        yield batch.flatMap(({ _id }) => (isKind(_id) ? [idIn(_id)] : []));
      return;
    }
    for (let last: string = `${kind}/`; ;) {
      const range = { $gt: last as HoldTarget, $lt: `${kind}${AFTER_SLASH}` as HoldTarget };
      const found = await guarded(
        (within) =>
          collection
            .find({ _id: range }, { ...within, projection: { _id: 1 } })
            .sort({ _id: 1 })
            .limit(PAGE)
            .toArray(),
        LIST_DEADLINE_MS,
      );
      yield found.map(({ _id }) => idIn(_id));
      if (found.length < PAGE) return;
      last = found.at(-1)?._id ?? last;
    }
  }

  return {
    async put({ target, ...fields }) {
      await exclusive(`holds/${target}`, () =>
        guarded((within) => collection.updateOne({ _id: target }, { $set: fields }, { ...within, upsert: true })),
      );
    },
    async get(target) {
      const document = await guarded((within) => collection.findOne({ _id: target }, within));
      return document ? holdOf(document) : undefined;
    },
    async delete(target) {
      return (await guarded((within) => collection.deleteOne({ _id: target }, within))).deletedCount === 1;
    },
    async list(page) {
      const { data, ...rest } = await findPage({ collection, timeField: "at", filter: [], page, scan });
      return { data: data.map(holdOf), ...rest };
    },
    async heldOf(eventIds) {
      const targets = eventIds.map((id): HoldTarget => `event/${id}`);
      const found = await findByIds(collection, targets, { ferretDb, projection: { _id: 1 } });
      return new Set(found.map(({ _id }) => idIn(_id)));
    },
    async heldGroups() {
      const ids: string[] = [];
      for await (const some of idsOf("group")) ids.push(...some);
      return ids;
    },
    heldEvents: () => idsOf("event"),
  };
}

const idIn = (target: HoldTarget): string => target.slice(target.indexOf("/") + 1);
const holdOf = ({ _id: target, ...fields }: HoldDocument): Hold => ({ target, ...fields });
