/**
 * Lists, newest first or oldest first. They page by an opaque cursor: the creation time and id of the last item given.
 */
import type { Collection, Document, Filter, WithId } from "mongodb";
import { indexedScan, type Scan } from "./scans.js";
import { StoreError } from "../store-error.js";
import type { Page, PageRequest } from "../collection.js";

export const PAGE_LIMIT = 250;
/** Of a file, which FerretDB reads with one look at the whole collection for each page. */
export const WIDEST_PAGE = 1_000;

/** One page of a collection by `timeField` and `_id`, in the order of the page. Throws StoreError `cursor_invalid`. */
export async function findPage<D extends Document & { _id: string }>(query: {
  collection: Collection<D>;
  timeField: keyof D & string;
  filter: Filter<D>[];
  page: PageRequest;
  projection?: Document;
  scan?: Scan;
  /** What the filter cannot say. Documents that it refuses do not count for the page. */
  accepts?: (document: WithId<D>) => boolean;
}): Promise<Page<WithId<D>>> {
  const { collection, timeField, page, projection, scan = indexedScan, accepts } = query;
  const direction = page.order === "asc" ? 1 : -1;
  const limit = Math.min(Math.max(1, Math.trunc(page.limit)), WIDEST_PAGE);
  const filter = allOf(
    page.cursor === undefined ? query.filter : [...query.filter, ...beyond<D>(timeField, page.cursor, direction)],
  );
  // One more item than asked for shows whether there is a next page.
  const found = await scan((timeWithin) => {
    const cursor = collection
      .find(filter, { ...timeWithin, ...(projection && { projection }) })
      .sort({ [timeField]: direction, _id: direction });
    return accepts ? firstOf(cursor.batchSize(limit + 1), limit + 1, accepts) : cursor.limit(limit + 1).toArray();
  });
  const data = found.slice(0, limit);
  const last = data.at(-1);
  if (found.length <= limit || !last) return { data };
  return { data, next: encodeCursor(last[timeField], last._id) };
}

/** The first so many that are accepted. The cursor is closed when they are found. */
async function firstOf<D>(cursor: AsyncIterable<D>, most: number, accepts: (document: D) => boolean): Promise<D[]> {
  const found: D[] = [];
  for await (const document of cursor) {
    if (accepts(document)) found.push(document);
    if (found.length === most) break;
  }
  return found;
}

/**
 * The bound comes first. With the alternatives alone MongoDB reads the index from its beginning, so that every page
 * costs more than the one before.
 */
function beyond<D extends Document>(timeField: string, cursor: string, direction: 1 | -1): Filter<D>[] {
  const [time, id] = decodeCursor(cursor);
  const [past, pastOrAt] = direction === 1 ? ["$gt", "$gte"] : ["$lt", "$lte"];
  return [
    { [timeField]: { [pastOrAt]: time } } as Filter<D>,
    { $or: [{ [timeField]: { [past]: time } }, { [timeField]: time, _id: { [past]: id } }] } as Filter<D>,
  ];
}

/**
 * Conditions that must all hold, as one flat filter. Bounds of the same field become one range. Only if two conditions
 * use the same name otherwise, they are put under `$and`.
 */
export function allOf<D extends Document>(conditions: readonly Filter<D>[]): Filter<D> {
  const flat: Record<string, unknown> = {};
  for (const condition of conditions) {
    for (const [field, value] of Object.entries(condition)) {
      const before = flat[field];
      if (before === undefined) flat[field] = value;
      else if (isRange(before) && isRange(value) && !Object.keys(value).some((bound) => bound in before))
        flat[field] = { ...before, ...value };
      else return { $and: conditions } as Filter<D>;
    }
  }
  return flat as Filter<D>;
}

const BOUNDS = new Set(["$gt", "$gte", "$lt", "$lte"]);
const isRange = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length > 0 &&
  Object.keys(value).every((key) => BOUNDS.has(key));

/** The cursor of the page after the item with this time and id. */
export const encodeCursor = (time: Date, id: string): string =>
  Buffer.from(JSON.stringify([time.getTime(), id])).toString("base64url");

/** Time and id of the last item given. Throws StoreError `cursor_invalid`. */
export function decodeCursor(cursor: string): [Date, string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (
      Array.isArray(parsed) &&
      parsed.length === 2 &&
      Number.isSafeInteger(parsed[0]) &&
      typeof parsed[1] === "string"
    ) {
      return [new Date(parsed[0] as number), parsed[1]];
    }
  } catch {
    // Text that is not JSON is as wrong as the wrong JSON.
  }
  throw new StoreError("cursor_invalid", "This cursor was not given by a list. Start the list again without a cursor.");
}

/** The condition that a field has one of these values. */
export function oneOf<D>(field: string, values: readonly string[]): Filter<D> {
  return { [field]: values.length === 1 ? values[0] : { $in: values } } as Filter<D>;
}

/** The condition that a time lies in [since, until). Empty when neither is given. */
export function within<D>(field: string, since: Date | undefined, until: Date | undefined): Filter<D>[] {
  if (!since && !until) return [];
  return [{ [field]: { ...(since && { $gte: since }), ...(until && { $lt: until }) } } as Filter<D>];
}
