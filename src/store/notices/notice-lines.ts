/**
 * Lines about notices that wait to be sent. A line is what one reader is told of one notice. It holds neither an
 * address nor a URL: the reader is an HMAC, and where it goes is looked up when it is sent. So what was taken away gets
 * nothing more.
 */
import type { Collection } from "mongodb";
import { insertNew } from "../mongo/batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import type { Notice } from "./notice.js";

/** Most lines that wait in one collection. Further ones are left out, and the log says so. */
export const MOST_NOTICE_LINES = 20_000;
/** So many of the oldest are looked at on FerretDB for those that are due. */
const MOST_AT_HEAD = 5_000;

export interface NoticeLine<Source> {
  reader: string;
  /** Lines of one reader with the same mail are sent together. */
  mail: string;
  dueAt: Date;
  source: Source;
  notice: Notice;
}
export interface WaitingNoticeLine<Source> extends NoticeLine<Source> {
  id: string;
  tries: number;
}

/** A line at rest. */
export interface NoticeLineDocument<Source> extends NoticeLine<Source> {
  _id: string;
  tries?: number;
}

export interface NoticeLineStore<Source> {
  /** Puts lines in. Those that are there stay as they are. Gives how many found no room. @throws StoreError */
  file(lines: readonly NoticeLine<Source>[]): Promise<number>;
  /** Those that are due, oldest first. */
  due(limit: number, now?: Date): Promise<WaitingNoticeLine<Source>[]>;
  remove(ids: readonly string[]): Promise<void>;
  /** `mail`: those with the same one then go out together. `untried`: it was not tried, so it counts as no try. */
  postpone(ids: readonly string[], until: Date, how?: { mail?: string; untried?: true }): Promise<void>;
  count(): Promise<number>;
}

export interface NoticeLineOptions {
  exclusive: Exclusive;
  ferretDb: boolean;
}

/** @param name of the collection, for its locks */
export function createNoticeLines<Source>(
  lines: Collection<NoticeLineDocument<Source>>,
  { exclusive, ferretDb, name }: NoticeLineOptions & { name: string },
): NoticeLineStore<Source> {
  const rows = lines as unknown as Collection<NoticeLineDocument<unknown>>;
  const count = (): Promise<number> => guarded(({ maxTimeMS }) => rows.estimatedDocumentCount({ maxTimeMS }));
  return {
    async file(given) {
      if (given.length === 0) return 0;
      const room = Math.max(0, MOST_NOTICE_LINES - (await count()));
      const taken = given.slice(0, room);
      await insertNew(
        rows,
        taken.map((line) => ({ _id: `${line.mail}/${line.reader}/${line.notice.id}`, ...line })),
      );
      return given.length - taken.length;
    },
    due: async (limit, now = new Date()) =>
      (await dueLines(rows, { limit, now, ferretDb })) as WaitingNoticeLine<Source>[],
    async remove(ids) {
      for (const id of ids) await guarded((within) => rows.deleteOne({ _id: id }, within));
    },
    async postpone(ids, until, { mail, untried } = {}) {
      const change = {
        $set: { dueAt: until, ...(mail !== undefined && { mail }) },
        ...(!untried && { $inc: { tries: 1 } }),
      };
      for (const id of ids)
        await exclusive(`${name}/${id}`, () => guarded((within) => rows.updateOne({ _id: id }, change, within)));
    },
    count,
  };
}

async function dueLines(
  lines: Collection<NoticeLineDocument<unknown>>,
  { limit, now, ferretDb }: { limit: number; now: Date; ferretDb: boolean },
): Promise<WaitingNoticeLine<unknown>[]> {
  const found = ferretDb
    ? (await guarded((within) => lines.find({}, within).limit(MOST_AT_HEAD).toArray(), LIST_DEADLINE_MS)).filter(
        ({ dueAt }) => dueAt <= now,
      )
    : await guarded(
        (within) =>
          lines
            .find({ dueAt: { $lte: now } }, within)
            .sort({ dueAt: 1, _id: 1 })
            .limit(limit)
            .toArray(),
        LIST_DEADLINE_MS,
      );
  return found.slice(0, limit).map(({ _id: id, tries = 0, ...line }) => ({ id, tries, ...line }));
}
