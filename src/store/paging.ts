/** Lists, newest first, page by an opaque cursor: the creation time and id of the last item given. */
import type { Collection, Document, Filter, WithId } from "mongodb";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import { StoreError, type Page, type PageRequest } from "./store.js";

export const PAGE_LIMIT = 250;

/** One page of a collection by descending `timeField` and `_id`. Throws StoreError `cursor_invalid`. */
export async function findPage<D extends Document & { _id: string }>(query: {
  collection: Collection<D>;
  timeField: keyof D & string;
  filter: Filter<D>[];
  page: PageRequest;
  projection?: Document;
}): Promise<Page<WithId<D>>> {
  const { collection, timeField, page, projection } = query;
  const limit = Math.min(Math.max(1, Math.trunc(page.limit)), PAGE_LIMIT);
  const conditions = page.cursor === undefined ? query.filter : [...query.filter, after<D>(timeField, page.cursor)];
  const filter = (conditions.length === 0 ? {} : conditions.length === 1 ? conditions[0] : { $and: conditions }) as Filter<D>;
  // One more than asked for tells whether there is a next page.
  const found = await guarded(
    (within) => collection.find(filter, { ...within, ...(projection && { projection }) }).sort({ [timeField]: -1, _id: -1 }).limit(limit + 1).toArray(),
    LIST_DEADLINE_MS,
  );
  const data = found.slice(0, limit);
  const last = data.at(-1);
  if (found.length <= limit || !last) return { data };
  return { data, next: encodeCursor(last[timeField], last._id) };
}

function after<D extends Document>(timeField: string, cursor: string): Filter<D> {
  const [time, id] = decodeCursor(cursor);
  return { $or: [{ [timeField]: { $lt: time } }, { [timeField]: time, _id: { $lt: id } }] } as Filter<D>;
}

/** The cursor of the page after the item with this time and id. */
export const encodeCursor = (time: Date, id: string): string => Buffer.from(JSON.stringify([time.getTime(), id])).toString("base64url");

/** Time and id of the last item given. Throws StoreError `cursor_invalid`. */
export function decodeCursor(cursor: string): [Date, string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(parsed) && parsed.length === 2 && Number.isSafeInteger(parsed[0]) && typeof parsed[1] === "string") {
      return [new Date(parsed[0] as number), parsed[1]];
    }
  } catch {
    // Falls through: not JSON is as wrong as the wrong JSON.
  }
  throw new StoreError("cursor_invalid", "This cursor was not given by a list. Start the list again without a cursor.");
}

/** The condition that a field has one of these values. */
export function oneOf<D>(field: string, values: readonly string[]): Filter<D> {
  return { [field]: values.length === 1 ? values[0] : { $in: values } } as Filter<D>;
}

/** The condition that a time lies in [since, until); nothing when neither is given. */
export function within<D>(field: string, since: Date | undefined, until: Date | undefined): Filter<D>[] {
  if (!since && !until) return [];
  return [{ [field]: { ...(since && { $gte: since }), ...(until && { $lt: until }) } } as Filter<D>];
}
