/**
 * Lines of mail that wait. A line is what one reader is told of one notice. It holds no address: the reader is an HMAC,
 * and the address is looked up when the mail is sent. So an address that was taken away gets nothing more.
 */
import type { Collection } from "mongodb";
import { findByIds, insertNew } from "../mongo/batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { createExpiry } from "../mongo/oldest-first.js";
import type { Notice } from "./notice.js";

/** Most lines that wait. Further ones are left out of the mail, and the log says so. */
export const MOST_MAIL_LINES = 20_000;
/** So many of the oldest are looked at on FerretDB for those that are due. */
const MOST_AT_HEAD = 5_000;
/** An address that a mail server refused is left alone for so long. */
const REFUSED_DAYS = 7;
const DAY_MS = 86_400_000;
/** The end of what has none. */
const NEVER = new Date("9999-01-01T00:00:00Z");

/** Where the address of a reader is found: with a subscription, or with a person. */
export type MailSource = { subscriptionId: string } | { personId: string };

export interface MailLine {
  reader: string;
  /** Lines of one reader with the same mail are sent together. */
  mail: string;
  dueAt: Date;
  source: MailSource;
  notice: Notice;
}
export interface WaitingMailLine extends MailLine {
  id: string;
  tries: number;
}

/** A line at rest. */
export interface MailLineDocument extends MailLine {
  _id: string;
  tries?: number;
}
/** A reader who gets no mail, at rest. */
export interface MailStopDocument {
  _id: string;
  why: MailStop;
  expiresAt: Date;
}
/** The reader wants none, or the mail server refused the address. */
export type MailStop = "unsubscribed" | "refused";

export interface MailStore {
  /** Puts lines in. Those that are there stay as they are. Gives how many found no room. @throws StoreError */
  file(lines: readonly MailLine[]): Promise<number>;
  /** Those that are due, oldest first. */
  due(limit: number, now?: Date): Promise<WaitingMailLine[]>;
  remove(ids: readonly string[]): Promise<void>;
  postpone(ids: readonly string[], until: Date): Promise<void>;
  count(): Promise<number>;
  /** No more mail for this reader: for good, or for some days when the server refused the address. */
  stop(reader: string, why: MailStop): Promise<void>;
  /** The reader wants mail again. */
  allow(reader: string): Promise<void>;
  /** Those of these readers who get none. */
  stopped(readers: readonly string[]): Promise<Set<string>>;
}

interface Options {
  exclusive: Exclusive;
  ferretDb: boolean;
}

export function createMailStore(
  lines: Collection<MailLineDocument>,
  stops: Collection<MailStopDocument>,
  { exclusive, ferretDb }: Options,
): MailStore {
  const nameOf = (id: string): string => `mailStops/${id}`;
  const expiry = createExpiry(stops, { field: "expiresAt", ferretDb, lock: { exclusive, nameOf } });
  const count = (): Promise<number> => guarded(({ maxTimeMS }) => lines.estimatedDocumentCount({ maxTimeMS }));
  return {
    async file(given) {
      if (given.length === 0) return 0;
      const room = Math.max(0, MOST_MAIL_LINES - (await count()));
      const taken = given.slice(0, room);
      await insertNew(
        lines,
        taken.map((line) => ({ _id: `${line.mail}/${line.reader}/${line.notice.id}`, ...line })),
      );
      return given.length - taken.length;
    },
    due: (limit, now = new Date()) => dueLines(lines, { limit, now, ferretDb }),
    async remove(ids) {
      for (const id of ids) await guarded((within) => lines.deleteOne({ _id: id }, within));
    },
    async postpone(ids, until) {
      for (const id of ids)
        await exclusive(`mailLines/${id}`, () =>
          guarded((within) => lines.updateOne({ _id: id }, { $set: { dueAt: until }, $inc: { tries: 1 } }, within)),
        );
    },
    count,
    async stop(reader, why) {
      expiry.now();
      const expiresAt = why === "refused" ? new Date(Date.now() + REFUSED_DAYS * DAY_MS) : NEVER;
      // What a reader has said is never replaced by a refusal, which would end.
      const change = why === "refused" ? { $setOnInsert: { why, expiresAt } } : { $set: { why, expiresAt } };
      await exclusive(nameOf(reader), () =>
        guarded((within) => stops.updateOne({ _id: reader }, change, { ...within, upsert: true })),
      );
    },
    async allow(reader) {
      await exclusive(nameOf(reader), () => guarded((within) => stops.deleteOne({ _id: reader }, within)));
    },
    async stopped(readers) {
      const found = await findByIds(stops, [...new Set(readers)], { ferretDb });
      return new Set(found.filter(({ expiresAt }) => expiresAt > new Date()).map(({ _id }) => _id));
    },
  };
}

async function dueLines(
  lines: Collection<MailLineDocument>,
  { limit, now, ferretDb }: { limit: number; now: Date; ferretDb: boolean },
): Promise<WaitingMailLine[]> {
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
