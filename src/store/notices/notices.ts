/**
 * The outbox of notices. A notice is written beside the act that it tells of. A worker publishes it later as an event
 * and files its mail (src/activities/notices). So neither a slow engine nor a dead mail server is in the way of the
 * act.
 *
 * Two collections, because on FerretDB only a lookup by `_id` and the oldest documents are cheap. What waits lies in
 * one, which is small. What was told leaves its id in the other, so that a repetition is noticed for 30 days.
 */
import type { Collection } from "mongodb";
import { findByIds, insertNew } from "../mongo/batch-insert.js";
import { guarded, isDuplicate, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { DAY_MS, MINUTE_MS } from "../../workflows/durations.js";
import type { Notice } from "./notice.js";

/** How long the id of a notice that was told is remembered. */
export const NOTICE_KEPT_DAYS = 30;
/** Most notices that wait. A further one is refused, because nobody tells them at this rate. */
export const MOST_NOTICES = 10_000;
/** A count is told when its minute is over and every process has had time to add to it. */
const COUNTED_FOR_MS = 2 * MINUTE_MS;
/** The number that wait is read again after this time. */
const COUNT_AGE_MS = 5_000;
/** So many of the oldest are looked at on FerretDB for those that are due. */
const MOST_AT_HEAD = 1_000;

/** A notice that waits, at rest. */
export interface NoticeDocument extends Omit<Notice, "id"> {
  _id: string;
  dueAt: Date;
  /** How often it could not be told. */
  tries?: number;
}
/** A notice that was told, at rest. */
export interface ToldNoticeDocument {
  _id: string;
  expiresAt: Date;
}

export interface WaitingNotice extends Notice {
  /** How often it could not be told. */
  tries: number;
}

/** A number of happenings of one kind at one subscription within a minute. */
export type CountedNotice = Pick<Notice, "kind" | "groupId" | "apiId" | "subscriptionId" | "subject" | "reason">;

export interface NoticeStore {
  /**
   * Puts the notice into the outbox. `repeated`: one with this id is there or was told lately. `full`: too many wait,
   * and this one is lost. @throws StoreError `unavailable`
   */
  add(notice: Notice): Promise<"added" | "repeated" | "full">;
  /**
   * Adds to the count of this minute. It is told once, when the minute is over, with `count` in its detail. The first
   * writer of the minute decides the other members. @throws StoreError `unavailable`
   */
  addCount(notice: CountedNotice, count: number, now?: Date): Promise<"added" | "full">;
  /** Those that are to be told now, oldest first. What was told already is not among them. */
  due(limit: number, now?: Date): Promise<WaitingNotice[]>;
  /** They were told: they leave the outbox, and their ids are remembered. */
  settle(ids: readonly string[], now?: Date): Promise<void>;
  /** It could not be told now. */
  postpone(id: string, until: Date): Promise<void>;
  /** How many wait. */
  count(): Promise<number>;
  /** Forgets old ids. MongoDB does so itself (TTL index). On FerretDB it happens beside `settle`. */
  removeExpired(): Promise<void>;
}

interface Options {
  exclusive: Exclusive;
  ferretDb: boolean;
  /** Of notices that wait. For tests. */
  most?: number;
}

export function createNoticeStore(
  waiting: Collection<NoticeDocument>,
  told: Collection<ToldNoticeDocument>,
  { exclusive, ferretDb, most = MOST_NOTICES }: Options,
): NoticeStore {
  const expiry = createExpiry(told, { field: "expiresAt", ferretDb });
  const room = createRoom(waiting, most);
  const isTold = async (id: string): Promise<boolean> => (await findByIds(told, [id], { ferretDb })).length > 0;

  return {
    async add({ id, ...fields }) {
      if (await isTold(id)) return "repeated";
      if (!(await room.has())) return "full";
      try {
        await guarded((within) => waiting.insertOne({ _id: id, ...fields, dueAt: fields.at }, within));
      } catch (error) {
        if (isDuplicate(error)) return "repeated";
        throw error;
      }
      room.taken();
      return "added";
    },
    async addCount(notice, count, now = new Date()) {
      if (!(await room.has())) return "full";
      await putCount({ waiting, exclusive }, { notice, count, now });
      room.taken();
      return "added";
    },
    async due(limit, now = new Date()) {
      const found = await dueOf(waiting, { limit, now, ferretDb });
      const known = new Set(
        (
          await findByIds(
            told,
            found.map(({ _id }) => _id),
            { ferretDb },
          )
        ).map(({ _id }) => _id),
      );
      // Its process died between the two writes of `settle`, or a repetition came between them.
      for (const id of known) await remove(waiting, id);
      return found.filter(({ _id }) => !known.has(_id)).map(noticeOf);
    },
    async settle(ids, now = new Date()) {
      expiry.now();
      const expiresAt = new Date(now.getTime() + NOTICE_KEPT_DAYS * DAY_MS);
      await insertNew(
        told,
        ids.map((_id) => ({ _id, expiresAt })),
      );
      for (const id of ids) await remove(waiting, id);
      room.read();
    },
    async postpone(id, until) {
      await exclusive(`notices/${id}`, () =>
        guarded((within) => waiting.updateOne({ _id: id }, { $set: { dueAt: until }, $inc: { tries: 1 } }, within)),
      );
    },
    count: () => guarded(() => waiting.estimatedDocumentCount()),
    removeExpired: () => expiry.remove(),
  };
}

interface Counted {
  notice: Omit<Notice, "id" | "at">;
  count: number;
  now: Date;
}

/** Adds to the notice of this minute, which is begun if it is not there. */
async function putCount(
  { waiting, exclusive }: { waiting: Collection<NoticeDocument>; exclusive: Exclusive },
  { notice, count, now }: Counted,
): Promise<void> {
  const minute = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const _id = `${notice.kind}/${notice.subscriptionId ?? ""}/${minute}`;
  const first = { ...notice, at: new Date(minute), dueAt: new Date(minute + COUNTED_FOR_MS) };
  const change = { $inc: { "detail.count": count }, $setOnInsert: first };
  const write = () => guarded((within) => waiting.updateOne({ _id }, change, { ...within, upsert: true }));
  await exclusive(`notices/${_id}`, () =>
    // Two processes begin the minute at once.
    write().catch((error: unknown) => {
      if (!isDuplicate(error)) throw error;
      return write();
    }),
  );
}

/** Whether one more may wait. The number is read now and then, and what this process adds is counted between. */
function createRoom(waiting: Collection<NoticeDocument>, most: number) {
  let count = 0;
  let readAt: number | undefined;
  return {
    async has(): Promise<boolean> {
      if (readAt === undefined || performance.now() - readAt > COUNT_AGE_MS || count >= most) {
        count = await guarded(({ maxTimeMS }) => waiting.estimatedDocumentCount({ maxTimeMS }));
        readAt = performance.now();
      }
      return count < most;
    },
    taken(): void {
      count++;
    },
    /** Some have left. */
    read(): void {
      readAt = undefined;
    },
  };
}

async function dueOf(
  waiting: Collection<NoticeDocument>,
  { limit, now, ferretDb }: { limit: number; now: Date; ferretDb: boolean },
): Promise<NoticeDocument[]> {
  if (!ferretDb)
    return guarded(
      (within) =>
        waiting
          .find({ dueAt: { $lte: now } }, within)
          .sort({ dueAt: 1, _id: 1 })
          .limit(limit)
          .toArray(),
      LIST_DEADLINE_MS,
    );
  const oldest = await guarded((within) => waiting.find({}, within).limit(MOST_AT_HEAD).toArray(), LIST_DEADLINE_MS);
  return oldest.filter(({ dueAt }) => dueAt <= now).slice(0, limit);
}

const remove = (waiting: Collection<NoticeDocument>, id: string): Promise<unknown> =>
  guarded((within) => waiting.deleteOne({ _id: id }, within));

const noticeOf = ({ _id: id, dueAt: _dueAt, tries = 0, ...fields }: NoticeDocument): WaitingNotice => ({
  id,
  ...fields,
  tries,
});
