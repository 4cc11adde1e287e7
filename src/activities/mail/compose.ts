/** Writes a mail out of its lines: text and HTML that say the same, counts, and links to the portal. */
import { createHash } from "node:crypto";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { WaitingMailLine } from "../../store/notices/mail.js";
import type { Notice } from "../../store/notices/notice.js";
import { subscriptionName } from "../../store/subscription-name.js";
import type { MailLanguage } from "../../store/notices/mail-language.js";
import { MAIL_TEXTS } from "./mail-languages.js";
import type { MailTexts } from "./texts/mail-texts.js";

export interface MailContent {
  subject: string;
  text: string;
  html: string;
  /** Always the same for the same mail. So a mail server, or the reader's program, may know a repetition. */
  messageId: string;
  headers: Record<string, string>;
}

interface Composing {
  catalogue: Pick<Catalogue, "subscription" | "group">;
  /** Without a slash at its end. */
  publicUrl: string;
  unsubscribeUrl: string;
  language?: MailLanguage;
}

/** What one or several notices of the same kind about the same thing say. */
interface Entry {
  notice: Notice;
  count: number;
}

const MOST_ENTRIES = 25;
const MOST_REASON = 300;

/** All lines are of one reader and one mail. */
export function composeMail(lines: readonly WaitingMailLine[], composing: Composing): MailContent {
  const { publicUrl, unsubscribeUrl, language = "en" } = composing;
  const texts = MAIL_TEXTS[language];
  const entries = entriesOf(lines.map(({ notice }) => notice));
  const shown = entries.slice(0, MOST_ENTRIES).map((entry) => partsOf(entry, composing, texts));
  const more = entries.length > MOST_ENTRIES ? texts.more(entries.length - MOST_ENTRIES) : undefined;
  const [first] = entries;
  const subject =
    entries.length === 1 && first
      ? texts.kinds[first.notice.kind]
      : texts.digest(entries.reduce((sum, { count }) => sum + count, 0));
  const { reader = "", mail = "" } = lines[0] ?? {};
  return {
    subject: `Sealpost: ${subject}`,
    text: [
      ...shown.map(({ title, facts, url }) =>
        [title, ...facts.map(({ name, value }) => `  ${name}: ${value}`), `  ${texts.open}: ${url}`].join("\n"),
      ),
      ...(more === undefined ? [] : [more]),
      `-- \n${texts.why}\n${texts.unsubscribe}: ${unsubscribeUrl}`,
    ].join("\n\n"),
    html: htmlOf(shown, { texts, language, subject, more, unsubscribeUrl }),
    messageId: `<${hashOf(`${reader} ${mail}`)}@${new URL(publicUrl).hostname}>`,
    headers: {
      "List-Unsubscribe": `<${unsubscribeUrl}>`,
      // RFC 8058: the mail program unsubscribes with one POST.
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "Auto-Submitted": "auto-generated",
    },
  };
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** Notices of one kind about one subscription, or one thing, are one entry with their count. */
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

interface Parts {
  title: string;
  facts: { name: string; value: string }[];
  url: string;
}

function partsOf({ notice, count }: Entry, { catalogue, publicUrl }: Composing, texts: MailTexts): Parts {
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
      ...fact(texts.reason, reason),
    ],
    url: `${publicUrl}/portal${placeOf(notice)}`,
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

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

interface Page {
  texts: MailTexts;
  language: string;
  subject: string;
  more: string | undefined;
  unsubscribeUrl: string;
}

function htmlOf(shown: readonly Parts[], { texts, language, subject, more, unsubscribeUrl }: Page): string {
  const body = shown.map(
    ({ title, facts, url }) =>
      `<h2>${escaped(title)}</h2>` +
      `<p>${facts.map(({ name, value }) => `${escaped(name)}: ${escaped(value)}<br>`).join("")}` +
      `<a href="${escaped(url)}">${escaped(texts.open)}</a></p>`,
  );
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">` +
    `<title>${escaped(subject)}</title></head><body>` +
    body.join("") +
    (more === undefined ? "" : `<p>${escaped(more)}</p>`) +
    `<hr><p>${escaped(texts.why)} <a href="${escaped(unsubscribeUrl)}">${escaped(texts.unsubscribe)}</a></p>` +
    "</body></html>"
  );
}
