/** The languages of mail, and whose mail is in which. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { languageOfSubscription } from "../../catalogue/notices/subscription-language.js";
import type { MailSource } from "../../store/notices/mail.js";
import type { MailLanguage } from "../../store/notices/mail-language.js";
import type { MailReaderStore } from "../../store/notices/mail-readers.js";
import { ENGLISH } from "./texts/english.js";
import { FRENCH } from "./texts/french.js";
import { GERMAN } from "./texts/german.js";
import type { MailTexts } from "./texts/mail-texts.js";

export const MAIL_TEXTS: Readonly<Record<MailLanguage, MailTexts>> = { en: ENGLISH, de: GERMAN, fr: FRENCH };

interface Known {
  store: { mailReaders: Pick<MailReaderStore, "get"> };
  catalogue: Pick<Catalogue, "subscription" | "group">;
}

/** A person's own, or that of the subscription whose contact is written to, or that of its group. English otherwise. */
export async function mailLanguageOf({ store, catalogue }: Known, source: MailSource): Promise<MailLanguage> {
  if ("personId" in source) return (await store.mailReaders.get(source.personId))?.language ?? "en";
  const subscription = catalogue.subscription(source.subscriptionId);
  return subscription ? languageOfSubscription(catalogue, subscription) : "en";
}
