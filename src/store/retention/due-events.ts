/**
 * Finds the events that are older than the retention of their api, oldest first and page by page. A page goes on behind
 * the one before, so what stays is read once in a run.
 */
import type { Collection, Filter } from "mongodb";
import type { EventDocument } from "../collections/events.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { inBatches } from "../mongo/oldest-first.js";
import type { AgedCursor, Cutoffs } from "./retention-store.js";

/** What the retention reads of an event. */
export type AgedEvent = Pick<EventDocument, "_id" | "apiId" | "acceptedAt" | "owner" | "groups" | "expungedAt">;

export interface AgedPage {
  events: AgedEvent[];
  /** Where to go on if so many of the events were removed. Undefined at the end. */
  next: (removed: number) => AgedCursor | undefined;
}

/** Events that MongoDB gives at once. Each of them may have thousands of deliveries. */
const PAGE = 200;
/** On FerretDB the deliveries of a page cost one read of all deliveries. So there a page is larger. */
const FERRETDB_PAGE = 1_000;
/** Apis without anything old that are passed in one page. */
const MOST_LANES = 200;
const PROJECTION = { apiId: 1, acceptedAt: 1, owner: 1, groups: 1, expungedAt: 1 };
/** The index of `apiId, acceptedAt, _id`. */
const ORDER = { apiId: 1, acceptedAt: 1, _id: 1 } as const;

export const cutoffOf = ({ byApi, others }: Cutoffs, apiId: string): Date | undefined =>
  byApi.has(apiId) ? byApi.get(apiId) : others;

/** The cutoff after which nothing of any api is old enough. */
const latestOf = ({ byApi, others }: Cutoffs): number =>
  Math.max(...[...byApi.values(), others].map((cutoff) => cutoff?.getTime() ?? Number.NEGATIVE_INFINITY));

/** The next page of what is old enough. */
export const agedEvents = (
  collection: Collection<EventDocument>,
  cutoffs: Cutoffs,
  { after, ferretDb }: { after?: AgedCursor | undefined; ferretDb: boolean },
): Promise<AgedPage> =>
  ferretDb
    ? fromTheHead(collection, cutoffs, after && "skip" in after ? after.skip : 0)
    : byIndex(collection, cutoffs, after && "apiId" in after ? after : undefined);

type Lane = Extract<AgedCursor, { apiId: string }>;

async function byIndex(collection: Collection<EventDocument>, cutoffs: Cutoffs, after?: Lane): Promise<AgedPage> {
  let lane = after?.at === undefined ? await nextLane(collection, after?.apiId) : after;
  for (let lanes = 0; lane; lanes++) {
    const { apiId }: Lane = lane;
    const before = cutoffOf(cutoffs, apiId);
    const events = before ? await pageOf(collection, lane, before) : [];
    const last = events.length === PAGE ? events.at(-1) : undefined;
    const next: Lane = last ? { apiId, at: last.acceptedAt.getTime(), id: last._id } : { apiId };
    if (events.length > 0 || lanes === MOST_LANES) return { events, next: () => next };
    lane = await nextLane(collection, apiId);
  }
  return { events: [], next: () => undefined };
}

/** The first api after this one that has events. One look into the index for each api. */
async function nextLane(collection: Collection<EventDocument>, after: string | undefined): Promise<Lane | undefined> {
  const found = await guarded(
    (within) =>
      collection.findOne(after === undefined ? {} : { apiId: { $gt: after } }, {
        ...within,
        sort: ORDER,
        projection: { apiId: 1 },
      }),
    LIST_DEADLINE_MS,
  );
  return found ? { apiId: found.apiId } : undefined;
}

const pageOf = (collection: Collection<EventDocument>, { apiId, at, id }: Lane, before: Date): Promise<AgedEvent[]> =>
  guarded(
    (within) =>
      collection
        .find(agedFilter({ apiId, ...(at !== undefined && { at }), ...(id !== undefined && { id }) }, before), {
          ...within,
          projection: PROJECTION,
        })
        .sort({ acceptedAt: 1, _id: 1 })
        .limit(PAGE)
        .toArray(),
    LIST_DEADLINE_MS,
  );

/** The bound of the time comes first, so that the index is entered behind the page before. */
export function agedFilter({ apiId, at, id }: Lane, before: Date): Filter<EventDocument> {
  if (at === undefined || id === undefined) return { apiId, acceptedAt: { $lt: before } };
  const from = new Date(at);
  return {
    apiId,
    acceptedAt: { $gte: from, $lt: before },
    $or: [{ acceptedAt: { $gt: from } }, { acceptedAt: from, _id: { $gt: id } }],
  };
}

/**
 * In the order of insertion, which is the order of acceptance but for a few seconds. FerretDB has no index to enter
 * behind what stays at the head, so that is skipped.
 */
async function fromTheHead(collection: Collection<EventDocument>, cutoffs: Cutoffs, skip: number): Promise<AgedPage> {
  const found = await guarded(
    (within) =>
      collection
        .find({}, { ...within, projection: PROJECTION })
        .skip(skip)
        .limit(FERRETDB_PAGE)
        .toArray(),
    LIST_DEADLINE_MS,
  );
  const isOld = ({ apiId, acceptedAt }: AgedEvent): boolean => acceptedAt < (cutoffOf(cutoffs, apiId) ?? acceptedAt);
  const latest = latestOf(cutoffs);
  const isEnd = found.length < FERRETDB_PAGE || found.every(({ acceptedAt }) => acceptedAt.getTime() >= latest);
  return {
    events: found.filter(isOld),
    next: (removed) => (isEnd ? undefined : { skip: skip + found.length - removed }),
  };
}

/** When the oldest event was accepted. On FerretDB it is the one that was inserted first. */
export async function oldestAccepted(
  collection: Collection<EventDocument>,
  ferretDb: boolean,
): Promise<Date | undefined> {
  const [oldest] = await guarded((within) => {
    const found = collection.find({}, { ...within, projection: { acceptedAt: 1 } });
    return (ferretDb ? found : found.sort({ acceptedAt: 1, _id: 1 })).limit(1).toArray();
  }, LIST_DEADLINE_MS);
  return oldest?.acceptedAt;
}

/**
 * When the api's event was accepted that has so many newer ones of the same api. Undefined when there are not so many.
 */
export async function acceptedBehind(
  collection: Collection<EventDocument>,
  { apiId, newest, ferretDb }: { apiId: string; newest: number; ferretDb: boolean },
): Promise<Date | undefined> {
  if (!ferretDb) {
    const [found] = await guarded(
      (within) =>
        collection
          .find({ apiId }, { ...within, projection: { acceptedAt: 1 } })
          .sort({ acceptedAt: -1, _id: -1 })
          .skip(newest)
          .limit(1)
          .toArray(),
      LIST_DEADLINE_MS,
    );
    return found?.acceptedAt;
  }
  const times: number[] = [];
  for await (const batch of inBatches(collection, { projection: { apiId: 1, acceptedAt: 1 } }))
    for (const event of batch) if (event.apiId === apiId) times.push(event.acceptedAt.getTime());
  const time = times.sort((one, other) => other - one)[newest];
  return time === undefined ? undefined : new Date(time);
}
