/** Documents of counters as they lie in the database, and how they are read. */
import type { Collection } from "mongodb";
import { findByIds } from "../mongo/batch-insert.js";
import { addText, type Cell, cellText } from "./cells.js";
import { typeOfField } from "./gatherer.js";
import type { CountedSlot } from "./stats-store.js";
import { documentId, documentsOf, type Scope, type Segment } from "./tiers.js";

/**
 * Counts of one scope. In the tier of minutes by minute, event type and writer, each one text of `cellText`. In the
 * other tiers by slot, one text of all event types.
 */
export interface StatsDocument {
  _id: string;
  expiresAt: Date;
  c?: Record<string, Record<string, Record<string, string>>>;
  s?: Record<string, string>;
}

export interface StatsCollection {
  collection: Collection<StatsDocument>;
  ferretDb: boolean;
}

/** Documents of one read. One of an hour with ten event types is about 60 KB. */
export const MOST_DOCUMENTS = 10_000;
/** Documents in memory at once. */
const READ_AT_ONCE = 200;

/**
 * Gives what the documents of these scopes count, slot by slot. False when there are more than `MOST_DOCUMENTS`, so
 * that the last ones were left out.
 */
export async function readSegments(
  { collection, ferretDb }: StatsCollection,
  { scopes, segments }: { scopes: readonly Scope[]; segments: readonly Segment[] },
  take: (slot: CountedSlot) => void,
): Promise<boolean> {
  const wanted = scopes.flatMap((scope) =>
    segments.flatMap((segment) =>
      documentsOf(segment).map((at) => ({ id: documentId(segment.tier, scope, at), at, scope, segment })),
    ),
  );
  const some = wanted.slice(0, MOST_DOCUMENTS);
  for (let first = 0; first < some.length; first += READ_AT_ONCE) {
    const part = new Map(some.slice(first, first + READ_AT_ONCE).map((each) => [each.id, each]));
    for (const document of await findByIds(collection, [...part.keys()], { ferretDb })) {
      const place = part.get(document._id);
      if (place) slotsOf(document, place, take);
    }
  }
  return some.length === wanted.length;
}

/** The slots of a document that are in the segment. */
function slotsOf(
  document: StatsDocument,
  { at, scope, segment: { tier, from, to } }: { at: number; scope: Scope; segment: Segment },
  take: (slot: CountedSlot) => void,
): void {
  const inSegment = (slot: string): number | undefined => {
    const start = at + Number(slot) * tier.slotMs;
    return start >= from && start < to ? start : undefined;
  };
  for (const [slot, types] of Object.entries(document.c ?? {})) {
    const start = inSegment(slot);
    if (start === undefined) continue;
    for (const [field, texts] of Object.entries(types)) {
      const cell: Cell = new Map();
      for (const text of Object.values(texts)) addText(cell, text);
      take({ scope, eventType: typeOfField(field), at: start, cell });
    }
  }
  for (const [slot, text] of Object.entries(document.s ?? {})) {
    const start = inSegment(slot);
    if (start === undefined) continue;
    for (const [eventType, cell] of typesOf(text)) take({ scope, eventType, at: start, cell });
  }
}

/** One text of all event types of a slot: `<type>|<cell>`, joined by `;`. No name of an event type holds these. */
export const slotText = (types: ReadonlyMap<string, Cell>): string =>
  [...types].map(([type, cell]) => `${type}|${cellText(cell)}`).join(";");

function* typesOf(text: string): Generator<[string, Cell]> {
  for (const part of text.split(";")) {
    const split = part.indexOf("|");
    if (split < 1) continue;
    const cell: Cell = new Map();
    addText(cell, part.slice(split + 1));
    yield [part.slice(0, split), cell];
  }
}
