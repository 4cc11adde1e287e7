/**
 * The counters of deliveries and attempts, over their collections. They hold ids, names of event types and numbers, and
 * nothing of what was sent.
 */
import type { AnyBulkWriteOperation } from "mongodb";
import { createPlaces } from "../../side-by-side.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { createGatherer, type DirtyCell, type Gatherer } from "./gatherer.js";
import { beginning, markLate, ROLLED, rollUpOnce, type RollUpDependencies, WRITTEN_AT_ONCE } from "./roll-up.js";
import { readSegments, type StatsDocument } from "./stats-documents.js";
import type { StatsStore } from "./stats-store.js";
import { documentId, documentsOf, expiryOf, MINUTES, type Scope, segmentsOf, TIERS } from "./tiers.js";

/** What one process has counted is written after this time. A process that is killed leaves so much uncounted. */
export const FLUSH_EVERY_MS = 4_000;
/** So many cells are written without waiting. */
const FLUSH_AT = 5_000;
const MONGODB_AT_ONCE = 500;
/** A minute that began so long ago may be summed up already. */
const LATE_MS = 3 * 60_000;
/** Reads at once, so that charts leave connections to what is published and delivered. On FerretDB each takes a CPU. */
const READS_AT_ONCE = { mongodb: 4, ferretDb: 1 };

export interface StatsDependencies extends RollUpDependencies {
  /** Whether this process counts. */
  counts: boolean;
  /** Told when counts could not be written, or found no room. */
  onTrouble?: (error: unknown) => void;
}

export interface ManagedStats extends StatsStore {
  /** Writes what is left. Never rejects, because the counts of some seconds are not worth a stop that fails. */
  close(): Promise<void>;
}

export function createStatsStore(dependencies: StatsDependencies): ManagedStats {
  const { collection, rolled, ferretDb, counts } = dependencies;
  const gatherer = createGatherer();
  const writer = createWriter(dependencies, gatherer);
  const fewAtOnce = createPlaces(ferretDb ? READS_AT_ONCE.ferretDb : READS_AT_ONCE.mongodb);
  return {
    counts,
    count(recorded) {
      if (!counts) return;
      gatherer.count(recorded);
      writer.soon(gatherer.waiting >= FLUSH_AT);
    },
    flush: () => writer.flush(),
    read: ({ scopes, tier, from, to }, take) =>
      fewAtOnce(async () => {
        const until = await guarded((within) => rolled.findOne({ _id: ROLLED }, within));
        const segments = segmentsOf(tier, { from, to }, until?.at.getTime() ?? 0);
        return readSegments({ collection, ferretDb }, { scopes, segments }, take);
      }),
    rollUp: (scopes, now = new Date()) => rollUpOnce(dependencies, scopes, now),
    async forget(scopes) {
      for (const scope of scopes) await forgetScope(dependencies, scope);
    },
    close: () => writer.close(),
  };
}

async function forgetScope({ collection, ferretDb }: StatsDependencies, scope: Scope): Promise<void> {
  if (!ferretDb) {
    // `0` is the character behind `/`.
    const filter = { _id: { $gte: `${scope}/`, $lt: `${scope}0` } };
    await guarded((within) => collection.deleteMany(filter, within), LIST_DEADLINE_MS);
    return;
  }
  const now = Date.now();
  for (const tier of TIERS) {
    for (const at of documentsOf({ tier, from: now - tier.keptMs - tier.documentMs, to: now + tier.documentMs }))
      await guarded((within) => collection.deleteOne({ _id: documentId(tier, scope, at) }, within));
  }
}

interface Writer {
  /** Writes within some seconds, or at once. */
  soon(atOnce: boolean): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Writes the cells of the gatherer. One write is under way at a time. */
function createWriter(dependencies: StatsDependencies, gatherer: Gatherer): Writer {
  const { onTrouble } = dependencies;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;
  let lost = 0;

  async function write(): Promise<void> {
    const cells = gatherer.dirty();
    if (cells.length === 0) return;
    await writeCells(dependencies, cells);
    gatherer.written(cells);
    if (gatherer.lost > lost) onTrouble?.(new Error(`${gatherer.lost - lost} counts found no room`));
    lost = gatherer.lost;
  }
  const flush = (): Promise<void> => (underWay ??= write().finally(() => (underWay = undefined)));
  const ended = async (): Promise<void> => underWay?.catch(() => undefined);
  function begin(): void {
    timer = undefined;
    flush().catch((error: unknown) => {
      onTrouble?.(error);
      soon(false);
    });
  }
  function soon(atOnce: boolean): void {
    if (timer && !atOnce) return;
    if (atOnce && underWay) return;
    clearTimeout(timer);
    timer = setTimeout(begin, atOnce ? 0 : FLUSH_EVERY_MS).unref();
  }
  return {
    soon,
    async flush() {
      // What was counted while a write was under way is in the next one.
      await ended();
      await flush();
    },
    async close() {
      clearTimeout(timer);
      await ended();
      await flush().catch((error: unknown) => onTrouble?.(error));
      clearTimeout(timer);
    },
  };
}

/** Repeatable. Throws StoreError `unavailable`. */
async function writeCells(dependencies: StatsDependencies, cells: readonly DirtyCell[]): Promise<void> {
  const { collection, exclusive, ferretDb } = dependencies;
  const began = Date.now();
  const operations = operationsOf(cells);
  const atOnce = ferretDb ? WRITTEN_AT_ONCE : MONGODB_AT_ONCE;
  // What is written must not lie before the first roll-up.
  await beginning(dependencies, began);
  await exclusive("stats", async () => {
    for (let from = 0; from < operations.length; from += atOnce) {
      const some = operations.slice(from, from + atOnce);
      await guarded((within) => collection.bulkWrite(some, { ...within, ordered: false }), LIST_DEADLINE_MS);
    }
  });
  const oldest = cells.reduce((least, { minute }) => Math.min(least, minute), began);
  if (oldest + LATE_MS < began) await markLate(dependencies, oldest);
}

/** One update for each document. */
function operationsOf(cells: readonly DirtyCell[]): AnyBulkWriteOperation<StatsDocument>[] {
  const documents = new Map<string, { minute: number; set: Record<string, string> }>();
  for (const { documentId: id, minute, field, text } of cells) {
    const document = documents.get(id) ?? { minute, set: {} };
    document.set[`c.${field}`] = text;
    documents.set(id, document);
  }
  return [...documents].map(([id, { minute, set }]) => ({
    updateOne: {
      filter: { _id: id },
      update: { $set: set, $setOnInsert: { expiresAt: expiryOf(MINUTES, minute) } },
      upsert: true,
    },
  }));
}
