/** The collection of recoveries. */
import type { Collection, Filter } from "mongodb";
import {
  progressOf,
  type RecoveryFilter,
  type RecoveryOrder,
  type RecoveryProgress,
  type RecoveryStatus,
  type UnpacedProgress,
} from "../../workflows/recovery/recovery-contract.js";
import { guarded } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { findPage, oneOf } from "../mongo/paging.js";
import type { Scan } from "../mongo/scans.js";
import type { Page, PageRequest } from "../collection.js";

export interface Recovery {
  id: string;
  filter: RecoveryFilter;
  status: RecoveryStatus;
  progress: RecoveryProgress;
  /** How many deliveries the filter matched at the start. Absent on recoveries of the first release. */
  count?: number;
  /** Deliveries a second to one subscription, where that is less than its own rate. */
  ratePerSecond?: number;
  /** Newest first when absent, as in earlier releases. */
  order?: RecoveryOrder;
  /** When its workflow was started. Absent on recoveries of earlier releases, and where that did not happen. */
  startedAt?: Date;
  /** It waits for a second person, at most until then. */
  release?: Release;
  /** Why it was started, in the words of the person who started it. */
  reason?: string;
  /** Why it failed, or what a cancel left. */
  error?: string;
  createdBy: string;
  /** The group of the consumer who asked for it. It limits who may read it. */
  groupId?: string;
  createdAt: Date;
  updatedAt: Date;
}

/** The decision of a second person. */
export interface Release {
  /** Without a decision by then it ends. */
  until: Date;
  decidedBy?: string;
  decidedAt?: Date;
  reason?: string;
}

/** A recovery at rest. It does not turn `expired` there: time alone does that. */
export type RecoveryDocument = Omit<Recovery, "id" | "progress"> & {
  _id: string;
  progress: RecoveryProgress | UnpacedProgress;
};

/** The statuses in which a workflow still works on it. */
export const OPEN_RECOVERY_STATUSES: readonly RecoveryStatus[] = ["running", "paused"];

export interface RecoveryStore {
  /** Throws StoreError `duplicate` when the id exists, because a preview starts only one recovery. */
  insert(item: Recovery): Promise<void>;
  get(id: string): Promise<Recovery | undefined>;
  /** Newest first. */
  list(
    page: PageRequest,
    filter: {
      groupIds?: readonly string[];
      createdBy?: string;
      status?: RecoveryStatus;
      /** Those that send something of this kind. Others do not count for the page. */
      sends?: (filter: RecoveryFilter) => boolean;
    },
  ): Promise<Page<Recovery>>;
  /**
   * At most so many that were changed at this instant or after it, the oldest change first. With `afterId` those that
   * were changed at the instant itself have greater ids.
   */
  recentChanges(since: { from: Date; afterId?: string }, most: number): Promise<Recovery[]>;
  /** Changes the status atomically if it is one of `from`. False when it is not. */
  setStatus(id: string, from: readonly RecoveryStatus[], to: RecoveryStatus, error?: string): Promise<boolean>;
  /**
   * Decides about one that waits for a second person. False when it does not wait any more: the first decision counts.
   */
  settleRelease(id: string, decision: ReleaseDecision): Promise<boolean>;
  /** What the workflow reports. A late report does not take back an end, but its numbers are taken. */
  report(
    id: string,
    change: { progress: RecoveryProgress | UnpacedProgress; status: RecoveryStatus; error?: string },
  ): Promise<void>;
}

export interface ReleaseDecision {
  status: "running" | "refused" | "cancelled";
  by: string;
  at: Date;
  reason?: string;
}

/**
 * The store of recoveries over its collection. The lock is for FerretDB, which loses one of two updates of a
 * document.
 */
export function createRecoveryStore(
  collection: Collection<RecoveryDocument>,
  { exclusive, scan }: { exclusive: Exclusive; scan: Scan },
): RecoveryStore {
  async function changeWhere(id: string, where: Filter<RecoveryDocument>, set: Set): Promise<boolean> {
    const result = await exclusive(`recoveries/${id}`, () =>
      guarded((within) =>
        collection.updateOne({ _id: id, ...where }, { $set: { ...set, updatedAt: new Date() } }, within),
      ),
    );
    return result.matchedCount === 1;
  }
  const change = (id: string, from: readonly RecoveryStatus[] | undefined, set: Set): Promise<boolean> =>
    changeWhere(id, from ? oneOf<RecoveryDocument>("status", from) : {}, set);
  return {
    async insert({ id, ...fields }) {
      await guarded((within) => collection.insertOne({ _id: id, ...fields }, within));
    },
    async get(id) {
      const document = await guarded((within) => collection.findOne({ _id: id }, within));
      return document ? recoveryOf(document) : undefined;
    },
    async list(page, { sends, ...asked }) {
      const filter = filterOf(asked);
      const { data, ...rest } = await findPage({
        collection,
        timeField: "createdAt",
        filter,
        page,
        scan,
        ...(sends && { accepts: (each: RecoveryDocument) => sends(each.filter) }),
      });
      return { data: data.map(recoveryOf), ...rest };
    },
    async recentChanges({ from, afterId }, most) {
      const later: Filter<RecoveryDocument> =
        afterId === undefined
          ? { updatedAt: { $gte: from } }
          : { $or: [{ updatedAt: { $gt: from } }, { updatedAt: from, _id: { $gt: afterId } }] };
      const found = await scan((within) =>
        collection.find(later, within).sort({ updatedAt: 1, _id: 1 }).limit(most).toArray(),
      );
      return found.map(recoveryOf);
    },
    setStatus: (id, from, status, error) => change(id, from, { status, ...(error !== undefined && { error }) }),
    settleRelease: (id, { status, by, at, reason }) =>
      changeWhere(id, inStatus("waiting"), {
        status,
        ...(status === "running" && { startedAt: at }),
        "release.decidedBy": by,
        "release.decidedAt": at,
        ...(reason !== undefined && { "release.reason": reason }),
      }),
    async report(id, { status, progress, error }) {
      const told = { progress, ...(error !== undefined && { error }) };
      // If the answer to a start was lost, then the recovery is recorded as failed. A report from its workflow shows
      // that it runs.
      if (!(await change(id, [...OPEN_RECOVERY_STATUSES, "failed", status], { status, ...told })))
        await change(id, undefined, told);
    },
  };
}

function filterOf({
  groupIds,
  createdBy,
  status,
}: Omit<Parameters<RecoveryStore["list"]>[1], "sends">): Filter<RecoveryDocument>[] {
  return [
    ...(groupIds ? [oneOf<RecoveryDocument>("groupId", groupIds)] : []),
    ...(createdBy === undefined ? [] : [{ createdBy }]),
    ...(status === undefined ? [] : [inStatus(status)]),
  ];
}

type Set = Partial<RecoveryDocument> & Partial<Record<`release.${keyof Release}`, string | Date>>;

/** What has waited too long is at rest as it was. */
function inStatus(status: RecoveryStatus): Filter<RecoveryDocument> {
  if (status === "waiting") return { status, "release.until": { $gt: new Date() } };
  if (status === "expired") return { status: "waiting", "release.until": { $lte: new Date() } };
  return { status };
}

const recoveryOf = ({ _id: id, progress, status, ...fields }: RecoveryDocument): Recovery => ({
  id,
  ...fields,
  status: status === "waiting" && (fields.release?.until ?? fields.createdAt) <= new Date() ? "expired" : status,
  progress: progressOf(progress),
});
