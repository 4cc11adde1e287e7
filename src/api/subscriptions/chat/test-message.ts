/** The message that shows that a chat channel works. */
import type { ChatMessage } from "../../../endpoint/chat/chat-message.js";
import type { MailLanguage } from "../../../store/notices/mail-language.js";

interface TestTexts {
  title: string;
  endpoint: string;
  open: string;
  footer: string;
}

const TEXTS: Readonly<Record<MailLanguage, TestTexts>> = {
  en: {
    title: "Sealpost: this is a test. Notices about an endpoint come into this channel",
    endpoint: "Endpoint",
    open: "Open",
    footer: "Nothing has happened. Somebody pressed “Send a test” in the portal.",
  },
  de: {
    title: "Sealpost: Dies ist ein Test. Meldungen zu einem Endpunkt kommen in diesen Kanal",
    endpoint: "Endpunkt",
    open: "Öffnen",
    footer: "Es ist nichts geschehen. Jemand hat im Portal einen Test gesendet.",
  },
  fr: {
    title: "Sealpost : ceci est un test. Les avis d’un point de terminaison arrivent dans ce canal",
    endpoint: "Point de terminaison",
    open: "Ouvrir",
    footer: "Il ne s’est rien passé. Quelqu’un a envoyé un test depuis le portail.",
  },
};

/** @param url of the subscription's page in the portal */
export function chatTestMessage(language: MailLanguage, name: string, url: string): ChatMessage {
  const { title, endpoint, open, footer } = TEXTS[language];
  return {
    title,
    entries: [{ title: `${endpoint}: ${name}`, facts: [], link: { text: open, url } }],
    more: String,
    footer,
  };
}
