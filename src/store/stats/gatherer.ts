/**
 * Counts in memory, for the writer. A minute's cell is written as a whole text under the name of its writer, and no
 * other process writes under that name. So a write that is repeated changes nothing, and what several processes have
 * written is added up by the reader.
 */
import { randomBytes } from "node:crypto";
import { HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";
import { add, addStatus, bucketOf, type Cell, cellText } from "./cells.js";
import type { CountedDelivery, Recorded } from "./stats-store.js";
import { documentId, floorTo, MINUTES, type Scope, slotOf } from "./tiers.js";

/** A type that stands for those that are too many. No event type has this name. */
export const OTHER_TYPES = "*";
/** The scope of what belongs to no api, such as test events. */
export const NO_API: Scope = "api/-";

/** Cells of one process in memory. One with four counts takes 1 KB, so these are 20 MB. */
const MOST_CELLS = 20_000;
/** Event types of one scope in one minute that are counted apart. */
const MOST_TYPES = 200;
/** A minute that is over for so long is closed. What is counted in it later has another writer. */
const CLOSED_MS = 2 * MINUTE_MS;
/** Nothing is counted further back, so that a wrong clock does not write into old documents. */
const FURTHEST_BACK_MS = HOUR_MS;

/** A cell that is to be written. */
export interface DirtyCell {
  documentId: string;
  /** Milliseconds since the epoch. */
  minute: number;
  /** The field within the document, `<minute>.<type>.<writer>`. */
  field: string;
  text: string;
  /** For `written`. */
  key: string;
  changes: number;
}

interface Kept {
  scope: Scope;
  minute: number;
  type: string;
  writer: string;
  cell: Cell;
  /** How often it was changed, and which of these changes are written. */
  changes: number;
  written: number;
}

/** Names of event types hold dots, and names of fields must not. No event type holds a `~`. */
const fieldOfType = (eventType: string): string => eventType.replaceAll(".", "~");
export const typeOfField = (field: string): string => field.replaceAll("~", ".");

export interface Gatherer {
  count(recorded: Recorded, now?: number): void;
  /** How many cells wait to be written. */
  readonly waiting: number;
  /** Counts that found no room so far. */
  readonly lost: number;
  /** What is to be written, as it is now. */
  dirty(): DirtyCell[];
  /** These are written. Cells of minutes that are over are forgotten. */
  written(cells: readonly DirtyCell[], now?: number): void;
}

/** The counts of one process. Holds at most `most` cells. */
export function createGatherer({ most = MOST_CELLS }: { most?: number } = {}): Gatherer {
  const process = randomBytes(4).toString("hex");
  const cells = new Map<string, Kept>();
  /** How many types are counted apart, by scope and minute. */
  const types = new Map<string, number>();
  let waiting = 0;
  let lost = 0;
  /** Raised whenever cells may be forgotten, so that no later cell of the same minute has the name of one of them. */
  let epoch = 0;

  function keptCell(scope: Scope, minute: number, type: string): Kept | undefined {
    const key = `${minute} ${scope} ${type}`;
    const known = cells.get(key);
    if (known) return known;
    const place = `${minute} ${scope}`;
    const apart = types.get(place) ?? 0;
    if (apart >= MOST_TYPES && type !== OTHER_TYPES) return keptCell(scope, minute, OTHER_TYPES);
    if (cells.size >= most) return undefined;
    types.set(place, apart + 1);
    const writer = `${process}${epoch.toString(36)}`;
    const made = { scope, minute, type, writer, cell: new Map<string, number>(), changes: 0, written: 0 };
    cells.set(key, made);
    return made;
  }

  function countIn(scope: Scope, minute: number, recorded: Recorded): void {
    const kept = keptCell(scope, minute, recorded.delivery.eventType);
    if (!kept) {
      lost++;
      return;
    }
    if (kept.changes === kept.written) waiting++;
    kept.changes++;
    countRecorded(kept.cell, recorded);
  }

  return {
    count(recorded, now = Date.now()) {
      const minute = minuteOf(recorded, now);
      for (const scope of scopesOf(recorded.delivery)) countIn(scope, minute, recorded);
    },
    get waiting() {
      return waiting;
    },
    get lost() {
      return lost;
    },
    dirty: () => [...cells].flatMap(([key, kept]) => (kept.changes === kept.written ? [] : dirtyOf(key, kept))),
    written(some, now = Date.now()) {
      for (const { key, changes } of some) {
        const kept = cells.get(key);
        if (!kept) continue;
        // What was counted during the write is written with the next one.
        kept.written = changes;
        if (kept.changes === kept.written) waiting--;
      }
      for (const [key, { scope, minute, changes, written }] of cells) {
        if (changes !== written || minute + MINUTE_MS + CLOSED_MS > now) continue;
        cells.delete(key);
        types.delete(`${minute} ${scope}`);
      }
      epoch++;
    },
  };
}

function minuteOf({ attempt }: Recorded, now: number): number {
  const ended = attempt ? attempt.at.getTime() + attempt.durationMs : now;
  return floorTo(ended > now || ended < now - FURTHEST_BACK_MS ? now : ended, MINUTE_MS);
}

const dirtyOf = (key: string, { scope, minute, type, writer, cell, changes }: Kept): DirtyCell => ({
  documentId: documentId(MINUTES, scope, minute),
  minute,
  field: `${slotOf(MINUTES, minute)}.${fieldOfType(type)}.${writer}`,
  text: cellText(cell),
  key,
  changes,
});

const scopesOf = ({ subscriptionId, apiId }: CountedDelivery): [Scope, Scope] => [
  `sub/${subscriptionId}`,
  apiId === undefined || apiId === "" ? NO_API : `api/${apiId}`,
];

function countRecorded(cell: Cell, { status, attempt }: Recorded): void {
  if (status !== undefined) add(cell, `d${status}`);
  if (!attempt) return;
  add(cell, `a${attempt.outcome}`);
  if (attempt.status === undefined) return;
  addStatus(cell, attempt.status);
  add(cell, `h${bucketOf(attempt.durationMs)}`);
}
