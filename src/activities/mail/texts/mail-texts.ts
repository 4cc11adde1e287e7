/** What a mail says, in each language alike. A language with a missing text does not compile. */
import type { NoticeKind } from "../../../store/notices/notice.js";

export interface MailTexts {
  /** One sentence of what has happened, for the subject. */
  kinds: Readonly<Record<NoticeKind, string>>;
  /** The subject of a digest. */
  digest: (notices: number) => string;
  times: (count: number) => string;
  endpoint: string;
  group: string;
  reason: string;
  days: (days: number) => string;
  more: (lines: number) => string;
  open: string;
  why: string;
  /** The same in a chat channel. */
  whyChat: string;
  unsubscribe: string;
}
