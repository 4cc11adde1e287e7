/** What notices say to people, whichever way it is sent: titles, facts, counts, and where in the portal to go on. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Notice } from "../../store/notices/notice.js";
import { subscriptionName } from "../../store/subscription-name.js";
import { noticeFacts } from "./told-facts.js";
import { toldReason } from "./told-reason.js";
import type { MailTexts } from "./texts/mail-texts.js";

export interface NoticeWords {
  catalogue: Pick<Catalogue, "subscription" | "group" | "api">;
  texts: MailTexts;
}

/** One or several notices of one kind about one thing, as a reader sees them. */
export interface ToldNotice {
  title: string;
  facts: { name: string; value: string }[];
  /** Path in the portal. */
  path: string;
}

/** All notices of one message. */
export interface ToldNotices {
  subject: string;
  entries: ToldNotice[];
}

/** What one or several notices of the same kind about the same thing say. */
interface Entry {
  notice: Notice;
  count: number;
}

const MOST_REASON = 300;

/** Notices of one kind about one subscription, or one thing, are one entry with their count. */
export function toldNotices(notices: readonly Notice[], telling: NoticeWords): ToldNotices {
  const { texts } = telling;
  const entries = entriesOf(notices);
  const [first] = entries;
  return {
    subject:
      entries.length === 1 && first
        ? texts.kinds[first.notice.kind]
        : texts.digest(entries.reduce((sum, { count }) => sum + count, 0)),
    entries: entries.map((entry) => told(entry, telling)),
  };
}

function entriesOf(notices: readonly Notice[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const notice of notices) {
    const counted = notice.detail?.["count"];
    const about = notice.subscriptionId ?? notice.subject ?? notice.id;
    const key = `${notice.kind} ${about} ${String(notice.detail?.["certificate"] ?? "")}`;
    const before = entries.get(key);
    entries.set(key, { notice, count: (before?.count ?? 0) + (typeof counted === "number" ? counted : 1) });
  }
  return [...entries.values()];
}

function told({ notice, count }: Entry, { catalogue, texts }: NoticeWords): ToldNotice {
  const { kind, subscriptionId, groupId, reason, detail } = notice;
  const subscription = subscriptionId === undefined ? undefined : catalogue.subscription(subscriptionId);
  const group = groupId === undefined ? undefined : catalogue.group(groupId);
  const fact = (name: string, value: string | undefined) => (value ? [{ name, value: oneLine(value) }] : []);
  const days = detail?.["days"];
  const title = texts.kinds[kind];
  return {
    title: [
      `${title}${count > 1 ? ` (${texts.times(count)})` : ""}.`,
      ...(typeof days === "number" ? [texts.days(days)] : []),
    ].join(" "),
    facts: [
      ...fact(texts.endpoint, subscription && subscriptionName(subscription)),
      ...fact(texts.group, group?.name),
      ...noticeFacts(notice, { catalogue, texts }).flatMap(({ name, value }) => fact(texts.facts[name], value)),
      ...fact(texts.reason, reason === undefined ? undefined : toldReason(reason, texts)),
    ],
    path: `/portal${placeOf(notice)}`,
  };
}

/** Where in the portal the reader goes on. */
function placeOf({ kind, subscriptionId, subject }: Notice): string {
  const of = subscriptionId === undefined ? "" : encodeURIComponent(subscriptionId);
  if (kind === "delivery.parked") return `/deliveries?status=parked&subscriptionId=${of}`;
  if (kind === "delivery.exhausted") return `/deliveries?status=exhausted&subscriptionId=${of}`;
  if (kind === "grant.requested" || kind === "subscription.submitted") return "/requests";
  if (kind === "recovery.finished" || kind === "recovery.waiting")
    return `/recoveries/${encodeURIComponent(subject ?? "")}`;
  if (kind.startsWith("grant.")) return "/catalogue";
  return of === "" ? "" : `/subscriptions/${of}`;
}

/** What people wrote is one line without control characters and without characters that turn text around. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
    .trim()
    .slice(0, MOST_REASON);
