/** New rows never move a list under the pointer: what is shown is changed in place, what is new is counted. */

/** A page of a list, newest first. */
export interface FetchedRows<R> {
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

/** @param timeOf what the list is ordered by */
export function mergeRows<R extends { id: string }>(
  shown: readonly R[],
  fetched: FetchedRows<R>,
  timeOf: (row: R) => string,
): Merged<R> {
  const byId = new Map(fetched.data.map((row) => [row.id, row]));
  const known = new Set(shown.map(({ id }) => id));
  const instantOf = (row: R | undefined): string => (row === undefined ? "" : timeOf(row));
  const newest = instantOf(shown[0]);
  const oldest = fetched.next === null ? "" : instantOf(fetched.data.at(-1));
  return {
    rows: shown.map((row) => byId.get(row.id) ?? row),
    fresh: fetched.data.filter((row) => !known.has(row.id) && timeOf(row) >= newest).length,
    gone: shown.filter((row) => !byId.has(row.id) && timeOf(row) > oldest).length,
  };
}
