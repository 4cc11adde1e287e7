/** What a mail says, in each language alike. A language with a missing text does not compile. */
import type { NoticeKind } from "../../../store/notices/notice.js";
import type { ReasonTexts } from "./reason-texts.js";

/** What else a notice may tell, beside endpoint, group and reason. */
export type FactName =
  | "certificate"
  | "ends"
  | "disables"
  | "signsUntil"
  | "grant"
  | "deliveries"
  | "releaseUntil"
  | "sent"
  | "delivered"
  | "failedAgain";

export interface MailTexts {
  /** One sentence of what has happened, for the subject. */
  kinds: Readonly<Record<NoticeKind, string>>;
  /** The subject of a digest. */
  digest: (notices: number) => string;
  times: (count: number) => string;
  endpoint: string;
  group: string;
  reason: string;
  facts: Readonly<Record<FactName, string>>;
  certificates: Readonly<Record<"client" | "ca" | "saml", string>>;
  /** Between a name and its value. */
  colon: string;
  /** Of the last retry, with what became of it. */
  ranOut: (last: string) => string;
  /** The reasons that the service writes. Undefined in the language in which they are written. */
  reasons?: ReasonTexts;
  days: (days: number) => string;
  more: (lines: number) => string;
  open: string;
  why: string;
  /** The same in a chat channel. */
  whyChat: string;
  unsubscribe: string;
}
