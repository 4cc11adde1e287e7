/** New rows never move the list under the pointer: what is shown is changed in place, what is new is counted. */

interface Row {
  id: string;
  createdAt: string;
}

export interface Merged<R> {
  rows: R[];
  /** How many are newer than all that are shown. */
  fresh: number;
}

export function mergeRows<R extends Row>(shown: readonly R[], fetched: readonly R[]): Merged<R> {
  const byId = new Map(fetched.map((row) => [row.id, row]));
  const known = new Set(shown.map(({ id }) => id));
  const newest = shown[0]?.createdAt ?? "";
  return {
    rows: shown.map((row) => byId.get(row.id) ?? row),
    fresh: fetched.filter(({ id, createdAt }) => !known.has(id) && createdAt >= newest).length,
  };
}

export interface Change {
  id: string;
  status: string;
  attemptCount: number;
  lastStatus?: number;
  updatedAt: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The data of a `delivery` of the stream. Undefined for anything else. */
export function readChange(text: string): Change | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(data)) return undefined;
  const { id, status, attemptCount, lastStatus, updatedAt } = data;
  if (typeof id !== "string" || typeof status !== "string") return undefined;
  if (typeof attemptCount !== "number" || typeof updatedAt !== "string") return undefined;
  return { id, status, attemptCount, updatedAt, ...(typeof lastStatus === "number" && { lastStatus }) };
}
