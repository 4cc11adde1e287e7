/** Writes a message for a chat channel out of its lines. It says what a mail about them would say. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { ChatMessage } from "../../endpoint/chat/chat-message.js";
import type { WaitingChatLine } from "../../store/notices/chat.js";
import type { MailLanguage } from "../../store/notices/mail-language.js";
import { MAIL_TEXTS } from "../mail/mail-languages.js";
import { toldNotices } from "../mail/told-notices.js";

export interface ChatComposing {
  catalogue: Pick<Catalogue, "subscription" | "group" | "api">;
  /** Without a slash at its end. Absent: the message has no links. */
  publicUrl?: string | undefined;
  language: MailLanguage;
}

/** All lines are of one channel and one message. */
export function composeChat(
  lines: readonly WaitingChatLine[],
  { catalogue, publicUrl, language }: ChatComposing,
): ChatMessage {
  const texts = MAIL_TEXTS[language];
  const { subject, entries } = toldNotices(
    lines.map(({ notice }) => notice),
    { catalogue, texts },
  );
  return {
    title: `Sealpost: ${subject}`,
    colon: texts.colon,
    entries: entries.map(({ title, facts, path }) => ({
      title,
      facts,
      ...(publicUrl !== undefined && { link: { text: texts.open, url: `${publicUrl}${path}` } }),
    })),
    more: texts.more,
    footer: texts.whyChat,
  };
}
