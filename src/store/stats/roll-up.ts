/**
 * Sums up minutes into quarters of an hour, quarters into hours, and hours into days. Each slot is computed anew from
 * the finer tier and replaced. So it does no harm to do it twice, to be killed in between, or to do it in two processes
 * at once.
 */
import type { AnyBulkWriteOperation, Collection } from "mongodb";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { type Cell, merge } from "./cells.js";
import { readSegments, slotText, type StatsDocument } from "./stats-documents.js";
import {
  DAYS,
  documentId,
  documentsOf,
  expiryOf,
  floorTo,
  HOURS,
  MINUTES,
  QUARTERS,
  type Scope,
  slotOf,
  type Tier,
  TIERS,
} from "./tiers.js";

/** How far the roll-up is. One document. */
export interface RolledDocument {
  _id: string;
  at: Date;
  /** How often counts came late, for minutes that may be summed up already. Each time moves `at` back. */
  late?: number;
}
export const ROLLED = "until";

/** A minute that ended so long ago is complete, but for what comes late and says so. */
const COMPLETE_AFTER_MS = 3 * MINUTE_MS;
/** Where the first roll-up begins. */
const FIRST_MS = 2 * HOUR_MS;
const SCOPES_AT_ONCE = 20;
/** Documents of one write. FerretDB hangs when a write has too many updates (delivery-changes.ts). */
export const WRITTEN_AT_ONCE = 8;

export interface RollUpDependencies {
  collection: Collection<StatsDocument>;
  rolled: Collection<RolledDocument>;
  exclusive: Exclusive;
  ferretDb: boolean;
}

/** Gives the instant up to which it is done. Throws StoreError `unavailable`. */
export async function rollUpOnce(dependencies: RollUpDependencies, scopes: readonly Scope[], now: Date): Promise<Date> {
  const { rolled, exclusive } = dependencies;
  const before = await beginning(dependencies, now.getTime());
  const oldest = floorTo(now.getTime() - MINUTES.keptMs, HOUR_MS);
  const from = Math.max(before.at.getTime(), oldest);
  const to = floorTo(now.getTime() - COMPLETE_AFTER_MS, QUARTERS.slotMs);
  if (to <= from) return before.at;
  for (let first = 0; first < scopes.length; first += SCOPES_AT_ONCE) {
    const some = scopes.slice(first, first + SCOPES_AT_ONCE);
    await sumUp(dependencies, some, { from: MINUTES, into: QUARTERS, since: floorTo(from, HOUR_MS), until: to });
    await sumUp(dependencies, some, {
      from: QUARTERS,
      into: HOURS,
      since: floorTo(from, HOUR_MS),
      until: floorTo(to, HOUR_MS),
    });
    await sumUp(dependencies, some, {
      from: HOURS,
      into: DAYS,
      since: floorTo(from, DAY_MS),
      until: floorTo(to, DAY_MS),
    });
    if (dependencies.ferretDb) await forgetOver(dependencies, some, { from: before.at.getTime(), to });
  }
  // If counts came late meanwhile, then the next roll-up begins with them.
  await exclusive("statsRolled", () =>
    guarded((within) =>
      rolled.updateOne(
        { _id: ROLLED, at: before.at, late: before.late ?? { $exists: false } },
        { $set: { at: new Date(to) } },
        within,
      ),
    ),
  );
  return new Date(to);
}

/** Makes the next roll-up begin there again, at the latest. */
export async function markLate(
  { rolled, exclusive }: Pick<RollUpDependencies, "rolled" | "exclusive">,
  minute: number,
): Promise<void> {
  const update = { $min: { at: new Date(minute) }, $inc: { late: 1 } };
  await exclusive("statsRolled", () =>
    guarded((within) => rolled.updateOne({ _id: ROLLED }, update, { ...within, upsert: true })),
  );
}

/** How far the roll-up is. The first one begins two hours before this instant. */
export async function beginning(
  { rolled, exclusive }: Pick<RollUpDependencies, "rolled" | "exclusive">,
  now: number,
): Promise<RolledDocument> {
  const known = await guarded((within) => rolled.findOne({ _id: ROLLED }, within));
  if (known) return known;
  const at = new Date(floorTo(now - FIRST_MS, HOUR_MS));
  return exclusive("statsRolled", async () => {
    await guarded((within) => rolled.updateOne({ _id: ROLLED }, { $setOnInsert: { at } }, { ...within, upsert: true }));
    return (await guarded((within) => rolled.findOne({ _id: ROLLED }, within))) ?? { _id: ROLLED, at };
  });
}

interface Step {
  from: Tier;
  into: Tier;
  since: number;
  until: number;
}

async function sumUp(
  { collection, ferretDb }: RollUpDependencies,
  scopes: readonly Scope[],
  { from, into, since, until }: Step,
): Promise<void> {
  if (until <= since) return;
  const documents = new Map<string, { at: number; slots: Map<number, Map<string, Cell>> }>();
  await readSegments(
    { collection, ferretDb },
    { scopes, segments: [{ tier: from, from: since, to: until }] },
    ({ scope, eventType, at, cell }) => {
      const id = documentId(into, scope, at);
      const document = documents.get(id) ?? { at, slots: new Map<number, Map<string, Cell>>() };
      const types = document.slots.get(slotOf(into, at)) ?? new Map<string, Cell>();
      const sum = types.get(eventType) ?? new Map<string, number>();
      merge(sum, cell);
      documents.set(id, document);
      document.slots.set(slotOf(into, at), types);
      types.set(eventType, sum);
    },
  );
  const operations = [...documents].map(([id, { at, slots }]): AnyBulkWriteOperation<StatsDocument> => ({
    updateOne: {
      filter: { _id: id },
      update: {
        $set: Object.fromEntries([...slots].map(([slot, types]) => [`s.${slot}`, slotText(types)])),
        $setOnInsert: { expiresAt: expiryOf(into, at) },
      },
      upsert: true,
    },
  }));
  for (let first = 0; first < operations.length; first += WRITTEN_AT_ONCE) {
    const some = operations.slice(first, first + WRITTEN_AT_ONCE);
    await guarded((within) => collection.bulkWrite(some, { ...within, ordered: false }), LIST_DEADLINE_MS);
  }
}

/** Deletes the documents that ended within this time. MongoDB does so itself (TTL index), but FerretDB cannot. */
async function forgetOver(
  { collection }: RollUpDependencies,
  scopes: readonly Scope[],
  { from, to }: { from: number; to: number },
): Promise<void> {
  for (const scope of scopes) {
    for (const tier of TIERS) {
      const age = tier.keptMs + tier.documentMs;
      const over = documentsOf({ tier, from: from - age, to: to - age }).filter((at) => {
        const end = expiryOf(tier, at).getTime();
        return end > from && end <= to;
      });
      for (const at of over)
        await guarded((within) => collection.deleteOne({ _id: documentId(tier, scope, at) }, within));
    }
  }
}
