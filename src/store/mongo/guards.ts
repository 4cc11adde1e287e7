/**
 * The filters by which writes of the protocol are compare-and-sets. Each stands here once. The store queries by it, and
 * the model of the protocol (test/model) asks `matches` for the same.
 */

/** Equality of fields, that a field is missing, or that a number is less. */
export interface RecordGuard {
  readonly [field: string]: string | number | Date | { readonly $exists: false } | { readonly $lt: number };
}

/** An event that still has this owner. */
export const ownedBy = (id: string, owner: string) => ({ _id: id, owner }) satisfies RecordGuard;

/**
 * The announcement of a process before this renewal. One that was given up and lands after a newer one must not bring
 * its old list of ids back.
 */
export const renewedBefore = (process: string, renewal: number) =>
  ({ _id: process, renewal: { $lt: renewal } }) satisfies RecordGuard;

/** The announcement of a process as it was seen. */
export const notRenewedSince = (process: string, renewedAt: Date) =>
  ({ _id: process, renewedAt }) satisfies RecordGuard;

/** The lease of a run as it was seen. */
export const leasedSince = (run: string, holder: string, renewedAt: Date) =>
  ({ _id: run, holder, renewedAt }) satisfies RecordGuard;

/** The lease of a run that this process holds. */
export const leasedBy = (run: string, holder: string) => ({ _id: run, holder }) satisfies RecordGuard;

/** A delivery that was changed `seq` times, as when it was read. */
export const changedTimes = (id: string, seq: number) =>
  ({ _id: id, seq: seq === 0 ? { $exists: false } : seq }) satisfies RecordGuard;

/** Whether the write takes place on this document. */
export function matches(document: object | undefined, guard: RecordGuard): boolean {
  if (!document) return false;
  const fields = new Map(Object.entries(document) as [string, unknown][]);
  return Object.entries(guard).every(([field, wanted]) => {
    const value = fields.get(field);
    if (wanted instanceof Date) return value instanceof Date && value.getTime() === wanted.getTime();
    if (typeof wanted !== "object") return value === wanted;
    return "$lt" in wanted ? typeof value === "number" && value < wanted.$lt : value === undefined;
  });
}
