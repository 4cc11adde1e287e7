/** In which language people are told about a subscription. */
import type { Subscription } from "../../store/model.js";
import type { MailLanguage } from "../../store/notices/mail-language.js";
import type { Catalogue } from "../catalogue.js";

/** Its own, or that of its group. English otherwise. */
export const languageOfSubscription = (
  catalogue: Pick<Catalogue, "group">,
  { language, groupId }: Pick<Subscription, "language" | "groupId">,
): MailLanguage => language ?? catalogue.group(groupId)?.language ?? "en";
