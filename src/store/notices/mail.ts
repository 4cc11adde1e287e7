/** Lines of mail that wait, and readers who get none. */
import type { Collection } from "mongodb";
import { DAY_MS } from "../../workflows/durations.js";
import { findByIds } from "../mongo/batch-insert.js";
import { guarded } from "../mongo/driver-errors.js";
import { createExpiry } from "../mongo/oldest-first.js";
import {
  createNoticeLines,
  type NoticeLine,
  type NoticeLineDocument,
  type NoticeLineOptions,
  type NoticeLineStore,
  type WaitingNoticeLine,
} from "./notice-lines.js";

/** An address that a mail server refused is left alone for so long. */
const REFUSED_DAYS = 7;
/** The end of what has none. */
const NEVER = new Date("9999-01-01T00:00:00Z");

/** Where the address of a reader is found: with a subscription, or with a person. */
export type MailSource = { subscriptionId: string } | { personId: string };

export type MailLine = NoticeLine<MailSource>;
export type WaitingMailLine = WaitingNoticeLine<MailSource>;
/** A line at rest. */
export type MailLineDocument = NoticeLineDocument<MailSource>;

/** A reader who gets no mail, at rest. */
export interface MailStopDocument {
  _id: string;
  why: MailStop;
  expiresAt: Date;
}
/** The reader wants none, or the mail server refused the address. */
export type MailStop = "unsubscribed" | "refused";

export interface MailStore extends NoticeLineStore<MailSource> {
  /** No more mail for this reader: for good, or for some days when the server refused the address. */
  stop(reader: string, why: MailStop): Promise<void>;
  /** The reader wants mail again. */
  allow(reader: string): Promise<void>;
  /** Those of these readers who get none. */
  stopped(readers: readonly string[]): Promise<Set<string>>;
}

export function createMailStore(
  lines: Collection<MailLineDocument>,
  stops: Collection<MailStopDocument>,
  { exclusive, ferretDb }: NoticeLineOptions,
): MailStore {
  const nameOf = (id: string): string => `mailStops/${id}`;
  const expiry = createExpiry(stops, { field: "expiresAt", ferretDb, lock: { exclusive, nameOf } });
  return {
    ...createNoticeLines(lines, { exclusive, ferretDb, name: "mailLines" }),
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
