/**
 * What happens to deliveries or recoveries, read once for all who listen in this process. While nobody listens, nothing
 * is read. Once a second it reads what changed since the last look, and what changed shortly before. Writers' clocks
 * differ, and a record becomes visible some time after the instant that it names.
 */
import type { Logger } from "pino";

export const POLL_MS = 1_000;
/** How far a record may name an instant before the look that could not see it yet. */
export const OVERLAP_MS = 5_000;
/** Rows of one read. */
const PAGE = 1_000;
/** Reads of one look. The next look goes on from there. */
const MOST_PAGES = 10;
/** FerretDB reads the whole collection for a look. It rests for so many times as long as the look took. */
const REST = 4;
/** With more groups than this, the changes of all are read. */
const MOST_GROUPS = 100;

export interface ChangeWatch {
  /** Begins to look, if it does not yet. */
  start(): void;
  /** Stops to look. */
  stop(): void;
  /** Every change that could be seen before this instant (by the clock here) has been told. */
  seenBefore(): number;
}

/** What is watched. */
interface Watched {
  id: string;
  updatedAt: Date;
}
interface WatchOptions<Row extends Watched> {
  /** What is watched, for the log. */
  what: string;
  /** As `recentChanges` of the store reads. */
  read: (since: { from: Date; afterId?: string; groupIds?: string[] }, most: number) => Promise<Row[]>;
  /** Two changes of one row differ in this. */
  stateOf: (row: Row) => string;
  log: Logger;
  /** The groups that somebody listens for. All when undefined. */
  groups: () => ReadonlySet<string> | undefined;
  /** Tells what changed, the oldest change first. A change may be told twice. */
  tell: (changes: readonly Row[]) => void;
}

export function createChangeWatch<Row extends Watched>(options: WatchOptions<Row>): ChangeWatch {
  const { what, read, stateOf, log, groups, tell } = options;
  let timer: NodeJS.Timeout | undefined;
  /** Of the present run. A look of an earlier one tells nothing and sets no timer. */
  let run = {};
  /** When the last look began. */
  let before = 0;
  /** What the last look saw: id and state. */
  let seen = new Map<string, string>();

  async function look(): Promise<void> {
    const current = run;
    const began = Date.now();
    const found = new Map<string, string>();
    const wanted = groups();
    const groupIds = wanted && wanted.size <= MOST_GROUPS ? [...wanted] : undefined;
    let place: { from: Date; afterId?: string } = { from: new Date(before - OVERLAP_MS) };
    let whole = false;
    for (let pages = 0; !whole && pages < MOST_PAGES; pages++) {
      const rows = await read({ ...place, ...(groupIds && { groupIds }) }, PAGE);
      if (run !== current) return;
      for (const row of rows) found.set(row.id, stateOf(row));
      tell(rows.filter((row) => seen.get(row.id) !== stateOf(row)));
      const last = rows.at(-1);
      whole = rows.length < PAGE || !last;
      if (last) place = { from: last.updatedAt, afterId: last.id };
    }
    seen = whole ? found : new Map([...seen, ...found]);
    before = whole ? began : Math.min(began, place.from.getTime() + OVERLAP_MS);
  }

  async function loop(): Promise<void> {
    const current = run;
    const began = performance.now();
    await look().catch((error: unknown) => log.warn({ err: error, what }, "changes could not be read"));
    if (run !== current) return;
    const took = performance.now() - began;
    timer = setTimeout(() => void loop(), Math.max(POLL_MS - took, REST * took)).unref();
  }

  return {
    start() {
      if (timer !== undefined) return;
      run = {};
      before = Date.now();
      seen = new Map();
      timer = setTimeout(() => void loop(), POLL_MS).unref();
    },
    stop() {
      run = {};
      clearTimeout(timer);
      timer = undefined;
    },
    seenBefore: () => (timer === undefined ? Date.now() : before),
  };
}
