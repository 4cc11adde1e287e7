/** New rows never move a list under the pointer: what is shown is changed in place, what is new is counted. */

interface Row {
  id: string;
  createdAt: string;
}

/** A page of a list, newest first. */
interface Fetched<R> {
  data: readonly R[];
  next: string | null;
}

interface Merged<R> {
  rows: R[];
  /** How many are newer than all that are shown. */
  fresh: number;
  /** How many of those shown are not in the list any more. One that newer rows pushed off the page is still in it. */
  gone: number;
}

export function mergeRows<R extends Row>(shown: readonly R[], fetched: Fetched<R>): Merged<R> {
  const byId = new Map(fetched.data.map((row) => [row.id, row]));
  const known = new Set(shown.map(({ id }) => id));
  const newest = shown[0]?.createdAt ?? "";
  const oldest = fetched.next === null ? "" : (fetched.data.at(-1)?.createdAt ?? "");
  return {
    rows: shown.map((row) => byId.get(row.id) ?? row),
    fresh: fetched.data.filter(({ id, createdAt }) => !known.has(id) && createdAt >= newest).length,
    gone: shown.filter(({ id, createdAt }) => !byId.has(id) && createdAt > oldest).length,
  };
}
