/**
 * What is counted of one subscription or api, one event type and one stretch of time: a cell. It is a map of numbers
 * with keys that begin with a letter for the kind. At rest a cell is one text, because each field costs FerretDB more
 * than its characters.
 */

/** Keys: `d<status>` deliveries, `a<outcome>` attempts, `s<HTTP status>` answers, `h<bucket>` durations of answers. */
export type Cell = Map<string, number>;
/** `d`: deliveries by the status that they reached. `a`: attempts by outcome. `s`: answers. `h`: how long they took. */
export type CellKind = "d" | "a" | "s" | "h";

/** Distinct HTTP statuses of a cell. An endpoint can answer with any, so further ones are counted by class, `4xx`. */
const MOST_STATUSES = 16;

export function add(cell: Cell, key: string, count = 1): void {
  cell.set(key, (cell.get(key) ?? 0) + count);
}

/** Counts one answer by its HTTP status. */
export function addStatus(cell: Cell, status: number): void {
  const key = `s${status}`;
  const isKnown = cell.has(key) || [...cell.keys()].filter((each) => each.startsWith("s")).length < MOST_STATUSES;
  add(cell, isKnown ? key : `s${Math.floor(status / 100)}xx`);
}

/** Adds what the other one has counted. */
export function merge(into: Cell, from: Cell): void {
  for (const [key, count] of from) add(into, key, count);
}

export const cellText = (cell: Cell): string => [...cell].map(([key, count]) => `${key}=${count}`).join(" ");

/** Reads a text of `cellText`. What is no pair of a key and a number is left out. */
export function addText(cell: Cell, text: string): void {
  for (const pair of text.split(" ")) {
    const at = pair.indexOf("=");
    const count = Number(pair.slice(at + 1));
    if (at > 0 && Number.isSafeInteger(count)) add(cell, pair.slice(0, at), count);
  }
}

/** What a cell counts of one kind, by the rest of the key. */
export function* countsOf(cell: Cell, kind: CellKind): Generator<[string, number]> {
  for (const [key, count] of cell) if (key.startsWith(kind)) yield [key.slice(1), count];
}

/**
 * Each bucket of durations ends 1.2 times as high as it begins. The value that is told of a bucket is in its middle, so
 * it is wrong by less than 10 %.
 */
const GROWTH = Math.log(1.2);
/** Of a day. Nothing takes longer. */
const LAST_BUCKET = Math.ceil(Math.log(86_400_000) / GROWTH);

/** The bucket of a duration in milliseconds. Everything below one millisecond is in the first one. */
export const bucketOf = (ms: number): number =>
  ms < 1 ? 0 : Math.min(LAST_BUCKET, Math.floor(Math.log(ms) / GROWTH + 1e-9));

/** The duration that a bucket stands for, in whole milliseconds. */
const durationOf = (bucket: number): number => Math.round(Math.exp((bucket + 0.5) * GROWTH));

/** The duration that so many of 100 answers did not exceed, in milliseconds within 10 %. Undefined without answers. */
export function percentile(buckets: ReadonlyMap<number, number>, percent: number): number | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.ceil((all * percent) / 100);
  for (const [bucket, count] of sorted) {
    left -= count;
    if (left <= 0) return durationOf(bucket);
  }
  return undefined;
}
