/** Writes a mail out of its lines: text and HTML that say the same, counts, and links to the portal. */
import { createHash } from "node:crypto";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { WaitingMailLine } from "../../store/notices/mail.js";
import type { MailLanguage } from "../../store/notices/mail-language.js";
import { MAIL_TEXTS } from "./mail-languages.js";
import type { MailTexts } from "./texts/mail-texts.js";
import { type ToldNotice, toldNotices } from "./told-notices.js";

export interface MailContent {
  subject: string;
  text: string;
  html: string;
  /** Always the same for the same mail. So a mail server, or the reader's program, may know a repetition. */
  messageId: string;
  headers: Record<string, string>;
}

interface Composing {
  catalogue: Pick<Catalogue, "subscription" | "group" | "api">;
  /** Without a slash at its end. */
  publicUrl: string;
  unsubscribeUrl: string;
  language?: MailLanguage;
}

const MOST_ENTRIES = 25;

/** All lines are of one reader and one mail. */
export function composeMail(lines: readonly WaitingMailLine[], composing: Composing): MailContent {
  const { catalogue, publicUrl, unsubscribeUrl, language = "en" } = composing;
  const texts = MAIL_TEXTS[language];
  const { subject, entries } = toldNotices(
    lines.map(({ notice }) => notice),
    { catalogue, texts },
  );
  const shown = entries.slice(0, MOST_ENTRIES).map((entry) => ({ ...entry, url: `${publicUrl}${entry.path}` }));
  const more = entries.length > MOST_ENTRIES ? texts.more(entries.length - MOST_ENTRIES) : undefined;
  const opening = `${texts.open}${texts.colon}`;
  const { reader = "", mail = "" } = lines[0] ?? {};
  return {
    subject: `Sealpost: ${subject}`,
    text: [
      ...shown.map(({ title, facts, url }) =>
        [title, ...facts.map(({ name, value }) => `  ${name}${texts.colon}${value}`), `  ${opening}${url}`].join("\n"),
      ),
      ...(more === undefined ? [] : [more]),
      `-- \n${texts.why}\n${texts.unsubscribe}${texts.colon}${unsubscribeUrl}`,
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

/** Mail programs take styles in attributes alone. Colours are theirs, so that a dark one stays dark. */
const STYLES = {
  body: "margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif",
  main: "display:block;max-width:40em;margin:0 auto;overflow-wrap:anywhere",
  h1: "margin:0 0 16px;font-size:20px;line-height:1.3",
  h2: "margin:24px 0 4px;font-size:16px",
  facts: "margin:0 0 8px",
  foot: "margin:24px 0 0;padding-top:12px;border-top:1px solid;font-size:14px",
} as const;
const styled = (name: keyof typeof STYLES): string => `style="${STYLES[name]}"`;

/** A mail about one thing has said it in its heading. What its title says beyond that stays. */
function headOf(title: string, subject: string): string {
  if (!title.startsWith(`${subject}.`)) return `<h2 ${styled("h2")}>${escaped(title)}</h2>`;
  const rest = title.slice(subject.length + 1).trim();
  return rest === "" ? "" : `<p ${styled("facts")}>${escaped(rest)}</p>`;
}

function htmlOf(
  shown: readonly (ToldNotice & { url: string })[],
  { texts, language, subject, more, unsubscribeUrl }: Page,
): string {
  const link = (url: string, text: string): string => `<a href="${escaped(url)}">${escaped(text)}</a>`;
  const body = shown.map(
    ({ title, facts, url }) =>
      headOf(title, subject) +
      `<p ${styled("facts")}>` +
      facts.map(({ name, value }) => `${escaped(`${name}${texts.colon}${value}`)}<br>`).join("") +
      `${link(url, texts.open)}</p>`,
  );
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">` +
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">' +
    `<title>${escaped(subject)}</title></head><body ${styled("body")}><main ${styled("main")}>` +
    `<h1 ${styled("h1")}>${escaped(subject)}</h1>` +
    body.join("") +
    (more === undefined ? "" : `<p>${escaped(more)}</p>`) +
    `<p ${styled("foot")}>${escaped(texts.why)} ${link(unsubscribeUrl, texts.unsubscribe)}</p>` +
    "</main></body></html>"
  );
}
