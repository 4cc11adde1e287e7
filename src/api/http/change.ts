/**
 * Changes in the manner of RFC 7396. A member replaces the whole field, null removes it, and an absent member leaves
 * it.
 */

/** The same type without explicit undefined. JSON has none. */
export type Exact<T> = T extends readonly unknown[] | Date
  ? T
  : T extends object
    ? { [K in keyof T]: Exact<Exclude<T[K], undefined>> }
    : T;

/** Leaves out members that are undefined, at the top level. Deeper ones cannot come out of JSON. */
export function exact<T extends object>(value: T): Exact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Exact<T>;
}

/** A change of some fields of T. Those that may be absent may be removed. */
export type ChangeOf<T> = { [K in keyof T]?: T[K] | null | undefined };

export function applyChange<T extends object>(item: T, change: ChangeOf<T>): T {
  const merged = { ...item } as Record<string, unknown>;
  for (const [field, value] of Object.entries(change)) {
    if (value === null) delete merged[field];
    else if (value !== undefined) merged[field] = value;
  }
  return merged as T;
}
