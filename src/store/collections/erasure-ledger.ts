/**
 * The entries of the ledger of erasures. Those of the last hour are also listed apart, because they are asked for every
 * minute.
 */
import type { Collection, Filter } from "mongodb";
import { findByIds, insertNew } from "../mongo/batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { Erasure, ErasureTarget } from "../model.js";
import { createExpiry, inBatches } from "../mongo/oldest-first.js";
import { isReused } from "./events.js";
import { allOf } from "../mongo/paging.js";
import type { ErasureStore } from "../store.js";

/**
 * An entry at rest. There is one for each target, however often its erasure is asked for. A person may come back, and
 * the id of an event may be used again once its retention is over. So for these the latest erasure counts.
 */
export interface ErasureDocument {
  _id: ErasureTarget;
  at: Date;
  by: string;
  /** When the erasure was completed. Absent when it never was, or when an earlier release completed it. */
  appliedAt?: Date;
}

/** Only on FerretDB: what was entered within ten minutes, so that it is found without a scan. */
export interface RecentErasuresDocument {
  _id: string;
  targets: ErasureTarget[];
  expiresAt: Date;
}

/** Longer than any attempt may be under way together with an outage of the store in which its record waits. */
export const LATELY_MS = 60 * 60_000;
/** Entries that are read at once. */
const PAGE = 500;
const SLOT_MS = 600_000;

export interface LedgerDependencies {
  collection: Collection<ErasureDocument>;
  recent: Collection<RecentErasuresDocument>;
  exclusive: Exclusive;
  ferretDb: boolean;
}

export interface ErasureLedger extends Pick<ErasureStore, "entries" | "enter" | "has"> {
  /** On FerretDB `since` goes back an hour at most. */
  pages: (since?: Date) => AsyncIterable<ErasureDocument[]>;
  mark: (entry: ErasureDocument) => Promise<void>;
}

export function createErasureLedger({ collection, recent, exclusive, ferretDb }: LedgerDependencies): ErasureLedger {
  const lately = createRecent(recent, exclusive);

  /**
   * FerretDB sorts all entries for each page. So there, one read goes through them in the order in which they were
   * entered.
   */
  async function* unsorted(since?: Date): AsyncGenerator<ErasureDocument[]> {
    if (!since) return yield* inBatches(collection, { batch: PAGE });
    const found = await findByIds(collection, await lately.since(since), { ferretDb });
    yield found.filter(({ at }) => at >= since).sort((one, other) => one.at.getTime() - other.at.getTime());
  }
  const pages = ferretDb ? unsorted : (since?: Date) => sorted(collection, since);

  async function entries(since?: Date): Promise<Erasure[]> {
    const found: Erasure[] = [];
    for await (const page of pages(since)) for (const { _id: target, at, by } of page) found.push({ target, at, by });
    return ferretDb ? found.sort((one, other) => one.at.getTime() - other.at.getTime()) : found;
  }
  /** Marks the entry as completed. If it was renewed meanwhile, then the renewed one is not completed. */
  async function mark({ _id, at, appliedAt }: ErasureDocument): Promise<void> {
    if (appliedAt) return;
    if (!ferretDb) {
      await guarded((within) => collection.updateOne({ _id, at }, { $set: { appliedAt: new Date() } }, within));
      return;
    }
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => (mayReturn(_id) ? exclusive(lockOf(_id), work) : work());
    await inTurn(async () => {
      const now = await guarded((within) => collection.findOne({ _id }, within));
      if (now?.at.getTime() === at.getTime())
        await guarded((within) => collection.updateOne({ _id }, { $set: { appliedAt: new Date() } }, within));
    });
  }
  /** Gives whether it was older. */
  const renew = ({ target, at, by }: Erasure): Promise<boolean> =>
    exclusive(lockOf(target), async () => {
      const before = await guarded((within) => collection.findOne({ _id: target }, within));
      if (!before || before.at >= at) return false;
      // A second erasure of the same event changes nothing.
      if (target.startsWith("event/") && !isReused({ acceptedAt: at }, before.at)) return false;
      await guarded((within) =>
        collection.updateOne({ _id: target }, { $set: { at, by }, $unset: { appliedAt: "" } }, within),
      );
      return true;
    });
  async function enter(given: Erasure[]): Promise<number> {
    // The list is written before the entries, because a name in it without an entry does no harm.
    if (ferretDb) await lately.note(given);
    const known = new Set<string>(
      await insertNew(
        collection,
        given.map(({ target, at, by }) => ({ _id: target, at, by })),
      ),
    );
    let renewed = 0;
    for (const entry of given)
      if (mayReturn(entry.target) && known.has(entry.target) && (await renew(entry))) renewed++;
    return given.length - known.size + renewed;
  }
  return {
    pages,
    entries,
    enter,
    mark,
    has: async (target) => (await guarded((within) => collection.findOne({ _id: target }, within))) !== null,
  };
}

/** Oldest first, page by page, each with a deadline of its own. */
async function* sorted(collection: Collection<ErasureDocument>, since?: Date): AsyncGenerator<ErasureDocument[]> {
  for (let last: ErasureDocument | undefined; ;) {
    const filter = filterAfter(last, since);
    const page = await guarded(
      (within) => collection.find(filter, within).sort({ at: 1, _id: 1 }).limit(PAGE).toArray(),
      LIST_DEADLINE_MS,
    );
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}

function filterAfter(last: ErasureDocument | undefined, since?: Date): Filter<ErasureDocument> {
  if (!last) return since ? { at: { $gte: since } } : {};
  return allOf<ErasureDocument>([
    { at: { $gte: last.at } },
    { $or: [{ at: { $gt: last.at } }, { at: last.at, _id: { $gt: last._id } }] },
  ]);
}

/** What an id names may come again, so its latest erasure counts. */
const mayReturn = (target: ErasureTarget): boolean => target.startsWith("person/") || target.startsWith("event/");

const lockOf = (target: ErasureTarget): string => `erasures/${target}`;

/** Lists of what was entered, one for each ten minutes, found by exact `_id`. They are kept for the last hour only. */
function createRecent(collection: Collection<RecentErasuresDocument>, exclusive: Exclusive) {
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb: true });
  const slotOf = (time: number): number => Math.floor(time / SLOT_MS);

  async function add(slot: number, targets: ErasureTarget[]): Promise<void> {
    const _id = String(slot);
    const { matchedCount } = await guarded((within) =>
      collection.updateOne({ _id }, { $push: { targets: { $each: targets } } }, within),
    );
    const expiresAt = new Date((slot + 1) * SLOT_MS + LATELY_MS);
    if (matchedCount === 0) await guarded((within) => collection.insertOne({ _id, targets, expiresAt }, within));
  }
  return {
    async note(entries: readonly Erasure[]): Promise<void> {
      expiry.now();
      const slots = new Map<number, ErasureTarget[]>();
      for (const { target, at } of entries) {
        if (at.getTime() < Date.now() - LATELY_MS) continue;
        const slot = slotOf(at.getTime());
        slots.set(slot, [...(slots.get(slot) ?? []), target]);
      }
      for (const [slot, targets] of slots) await exclusive("erasures/recent", () => add(slot, targets));
    },
    async since(time: Date): Promise<ErasureTarget[]> {
      const now = Date.now();
      const [first, last] = [slotOf(Math.max(time.getTime(), now - LATELY_MS)), slotOf(now)];
      const ids = Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
      const slots = await findByIds(collection, ids, { ferretDb: true });
      return [...new Set(slots.flatMap(({ targets }) => targets))];
    },
  };
}
