/**
 * A message as a chat service takes it from an incoming webhook. What people wrote stays plain text in it: it mentions
 * nobody, and it is no link.
 */
import type { ChatFormat } from "../../store/notices/chat-channel.js";

/** One thing that the message tells of. Each text is one line. */
export interface ChatEntry {
  title: string;
  facts: readonly { name: string; value: string }[];
  /** Of our own making, percent-encoded. Absent where nobody knows under which address the portal is reached. */
  link?: { text: string; url: string };
}

export interface ChatMessage {
  title: string;
  /** Between a name and its value. @default ": " */
  colon?: string;
  entries: readonly ChatEntry[];
  /** Says how many more there are. */
  more: (left: number) => string;
  /** Why this channel gets it. */
  footer: string;
}

const MOST_ENTRIES = 10;
const COLON = ": ";
/**
 * Microsoft names 28 KB as the limit of a message, and people have met it at 21 KB. Slack cuts a text after 40,000
 * characters.
 */
const MOST_BYTES = 18_000;

/** The body of the request. Entries that find no room are counted in `more`. */
export function chatBody(format: ChatFormat, message: ChatMessage): Buffer {
  for (let most = Math.min(MOST_ENTRIES, message.entries.length); ; most--) {
    const body = Buffer.from(JSON.stringify(FORMATS[format](message, most)));
    if (body.byteLength <= MOST_BYTES || most <= 1) return body;
  }
}

const FORMATS: Readonly<Record<ChatFormat, (message: ChatMessage, most: number) => object>> = {
  slack: slackBody,
  teams: teamsBody,
};

const moreOf = ({ entries, more }: ChatMessage, most: number): string[] =>
  entries.length > most ? [more(entries.length - most)] : [];

const CONTROLS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
/**
 * The three characters that Slack asks to escape. Without a `<` there is neither a mention nor a link. Mattermost reads
 * the same format and also mentions everybody at `@channel`, so a character without width stands behind such an `@`.
 */
const mrkdwn = (text: string): string =>
  text
    .replaceAll(/[&<>]/g, (character) => CONTROLS[character] ?? "")
    .replaceAll(/@(?=(?:channel|here|all|everyone)\b)/gi, "@\u200b");

/** A text of lines, for Slack and what understands its format. */
function slackBody(message: ChatMessage, most: number): object {
  const { title, entries, footer, colon = COLON } = message;
  const blocks = entries
    .slice(0, most)
    .map((entry) =>
      [
        `*${mrkdwn(entry.title)}*`,
        ...entry.facts.map(({ name, value }) => `${mrkdwn(name)}${colon}${mrkdwn(value)}`),
        ...(entry.link ? [`<${mrkdwn(entry.link.url)}|${mrkdwn(entry.link.text)}>`] : []),
      ].join("\n"),
    );
  const text = [`*${mrkdwn(title)}*`, ...blocks, ...moreOf(message, most).map(mrkdwn), `_${mrkdwn(footer)}_`];
  // Otherwise Slack would open the links to show a preview.
  return { text: text.join("\n\n"), unfurl_links: false, unfurl_media: false };
}

/**
 * A message with an Adaptive Card, as the workflow *When a Teams webhook request is received* takes it. A text run
 * knows no Markdown, so what people wrote is no link. A mention would need an entity of its own.
 */
function teamsBody(message: ChatMessage, most: number): object {
  const { title, entries, footer, colon = COLON } = message;
  const shown = entries.slice(0, most);
  const body = [
    plain([{ text: title, weight: "Bolder", size: "Medium" }]),
    ...shown.flatMap((entry) => [
      plain([{ text: entry.title, weight: "Bolder" }], { separator: true }),
      ...entry.facts.map(({ name, value }) => plain([{ text: `${name}${colon}`, isSubtle: true }, { text: value }])),
      ...(entry.link
        ? [{ type: "ActionSet", actions: [{ type: "Action.OpenUrl", title: entry.link.text, url: entry.link.url }] }]
        : []),
    ]),
    ...moreOf(message, most).map((text) => plain([{ text }], { separator: true })),
    plain([{ text: footer, isSubtle: true, size: "Small" }], { separator: true }),
  ];
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        contentUrl: null,
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body,
        },
      },
    ],
  };
}

/** A paragraph of plain text. */
const plain = (runs: readonly { text: string; [style: string]: unknown }[], more: object = {}): object => ({
  type: "RichTextBlock",
  ...more,
  inlines: runs.map((run) => ({ type: "TextRun", ...run })),
});
