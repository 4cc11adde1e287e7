/**
 * The collection of grant requests. At most one is open for a group and a grant. A partial unique index makes sure of
 * it on MongoDB, and a lock on FerretDB.
 */
import type { Collection, Filter } from "mongodb";
import { guarded, isDuplicate, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { GrantRequest } from "../model.js";
import { findPage, oneOf } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import { StoreError } from "../store-error.js";
import type { GrantRequestStore } from "../store.js";

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
    open: (request) => exclusive(`grantRequests/${request.groupId}/${request.grant}`, () => open(request)),
    get: async (id) => itemOf(await guarded((within) => collection.findOne({ _id: id }, within))),
    async list(page, { groupIds, apiIds, status }) {
      const filter: Filter<GrantRequestDocument>[] = [
        ...(groupIds ? [oneOf<GrantRequestDocument>("groupId", groupIds)] : []),
        ...(apiIds ? [oneOf<GrantRequestDocument>("apiId", apiIds)] : []),
        ...(status === undefined ? [] : [{ status }]),
      ];
      const { data, ...rest } = await findPage({ collection, timeField: "createdAt", filter, page, scan });
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

function itemOf(document: GrantRequestDocument | null): GrantRequest | undefined {
  if (!document) return undefined;
  const { _id: id, ...fields } = document;
  return { id, ...fields };
}
