/**
 * The collection of grant requests. At most one is open for a group and a grant. A partial unique index makes sure of
 * it on MongoDB, and a lock on FerretDB.
 */
import type { Collection, Filter } from "mongodb";
import { guarded, isDuplicate, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { countUpTo } from "../mongo/counting.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { GrantRequest, GrantRequestStatus } from "../model.js";
import { allOf, findPage, oneOf } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import { StoreError } from "../store-error.js";
import type { Counted, Page, PageRequest } from "../collection.js";

/** A request with the time of its last change. */
export type GrantRequestChange = GrantRequest & { updatedAt: Date };

export interface GrantRequestFilter {
  groupIds?: readonly string[];
  apiIds?: readonly string[];
  status?: GrantRequestStatus;
}

export interface GrantRequestStore {
  /** Inserts it. If a request for the same group and grant is open, then it gives that one and inserts nothing. */
  open(request: GrantRequest): Promise<{ request: GrantRequest; existed: boolean }>;
  get(id: string): Promise<GrantRequest | undefined>;
  /** Newest first. */
  list(page: PageRequest, filter: GrantRequestFilter): Promise<Page<GrantRequest>>;
  /** Stops above `most`. */
  count(filter: GrantRequestFilter, most: number): Promise<Counted>;
  /** Changes the status atomically from open to another one. Undefined when it was not open. */
  settle(
    id: string,
    change: Pick<GrantRequest, "status" | "decidedBy" | "decidedAt" | "decisionReason">,
  ): Promise<GrantRequest | undefined>;
  /**
   * Those that were made or decided at or after `from`, the oldest change first. With `afterId` those after this
   * change, where several are of the same instant.
   */
  recentChanges(since: { from: Date; afterId?: string }, most: number): Promise<GrantRequestChange[]>;
  /** Removes all requests of a group, with their texts. Gives how many. */
  deleteOf(groupId: string): Promise<number>;
  /** Notes that an approved grant has been added to the group. */
  markGranted(id: string): Promise<void>;
}

/** A request at rest. */
export type GrantRequestDocument = Omit<GrantRequest, "id"> & { _id: string };

/**
 * The earlier request may be settled between the duplicate error and its reading. Then the new one is open after all.
 */
const TRIES = 5;

/** The store of grant requests over its collection. */
export function createGrantRequestStore(
  collection: Collection<GrantRequestDocument>,
  { exclusive, scan }: { exclusive: Exclusive; scan: Scan },
): GrantRequestStore {
  const openOne = async ({ groupId, grant }: GrantRequest): Promise<GrantRequest | undefined> =>
    itemOf(await scan((within) => collection.findOne({ groupId, grant, status: "open" }, within)));

  async function open(request: GrantRequest): Promise<{ request: GrantRequest; existed: boolean }> {
    for (let tries = 0; tries < TRIES; tries++) {
      const earlier = await openOne(request);
      if (earlier) return { request: earlier, existed: true };
      const { id, ...fields } = request;
      const taken = await guarded((within) => collection.insertOne({ _id: id, ...fields }, within)).then(
        () => false,
        (error: unknown) => {
          if (isDuplicate(error)) return true;
          throw error;
        },
      );
      if (!taken) return { request, existed: false };
    }
    throw new StoreError("unavailable", "This grant is being asked for and answered by too many at once. Try again.");
  }

  return {
    recentChanges: (since, most) => recentChanges(collection, scan, since, most),
    open: (request) => exclusive(`grantRequests/${request.groupId}/${request.grant}`, () => open(request)),
    get: async (id) => itemOf(await guarded((within) => collection.findOne({ _id: id }, within))),
    count: (filter, most) => countUpTo({ collection, filter: allOf(grantRequestMatch(filter)), most, scan }),
    async list(page, filter) {
      const match = grantRequestMatch(filter);
      const { data, ...rest } = await findPage({ collection, timeField: "createdAt", filter: match, page, scan });
      return { data: data.flatMap((document) => itemOf(document) ?? []), ...rest };
    },
    async settle(id, change) {
      const write = () =>
        guarded((within) => collection.updateOne({ _id: id, status: "open" }, { $set: change }, within));
      const { matchedCount } = await exclusive(`grantRequests/${id}`, write);
      return matchedCount === 1
        ? itemOf(await guarded((within) => collection.findOne({ _id: id }, within)))
        : undefined;
    },
    async deleteOf(groupId) {
      return (await guarded((within) => collection.deleteMany({ groupId }, within), LIST_DEADLINE_MS)).deletedCount;
    },
    async markGranted(id) {
      await exclusive(`grantRequests/${id}`, () =>
        guarded((within) => collection.updateOne({ _id: id }, { $set: { granted: true } }, within)),
      );
    },
  };
}

const grantRequestMatch = ({ groupIds, apiIds, status }: GrantRequestFilter): Filter<GrantRequestDocument>[] => [
  ...(groupIds ? [oneOf<GrantRequestDocument>("groupId", groupIds)] : []),
  ...(apiIds ? [oneOf<GrantRequestDocument>("apiId", apiIds)] : []),
  ...(status === undefined ? [] : [{ status }]),
];

type Since = Parameters<GrantRequestStore["recentChanges"]>[0];

async function recentChanges(
  collection: Collection<GrantRequestDocument>,
  scan: Scan,
  { from, afterId }: Since,
  most: number,
): Promise<GrantRequestChange[]> {
  /** Those of which this is the last change. */
  async function changedBy(time: "createdAt" | "decidedAt") {
    const later: Filter<GrantRequestDocument> =
      afterId === undefined
        ? { [time]: { $gte: from } }
        : { $or: [{ [time]: { $gt: from } }, { [time]: from, _id: { $gt: afterId } }] };
    const filter = time === "createdAt" ? { $and: [{ status: "open" as const }, later] } : later;
    const found = await scan((within) =>
      collection
        .find(filter, within)
        .sort({ [time]: 1, _id: 1 })
        .limit(most)
        .toArray(),
    );
    return found.flatMap((document) => changeOf(document, document[time]) ?? []);
  }
  const changes = (await Promise.all([changedBy("createdAt"), changedBy("decidedAt")])).flat();
  return changes.sort((a, b) => a.updatedAt.getTime() - b.updatedAt.getTime() || byId(a, b)).slice(0, most);
}

const byId = (a: GrantRequestChange, b: GrantRequestChange): number => (a.id < b.id ? -1 : 1);

function changeOf(document: GrantRequestDocument, updatedAt: Date | undefined): GrantRequestChange | undefined {
  const item = itemOf(document);
  return item && updatedAt && { ...item, updatedAt };
}

function itemOf(document: GrantRequestDocument | null): GrantRequest | undefined {
  if (!document) return undefined;
  const { _id: id, ...fields } = document;
  return { id, ...fields };
}
