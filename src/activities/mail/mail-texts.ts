/** The texts of mail, in one table for each language. Each language has every text, or it does not compile. */
import type { NoticeKind } from "../../store/notices/notice.js";

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
  unsubscribe: string;
}

const EN: MailTexts = {
  kinds: {
    "subscription.submitted": "A subscription waits for your approval",
    "subscription.approved": "A subscription was approved",
    "subscription.rejected": "A subscription was refused",
    "subscription.paused": "A subscription was paused. Nothing is lost: its deliveries wait",
    "subscription.failing": "An endpoint does not take events. Nothing is lost: its deliveries wait",
    "subscription.recovered": "An endpoint takes events again. What waited is sent",
    "subscription.disabled": "Sealpost has disabled a subscription. Mend the endpoint, then resume it",
    "subscription.reinstated": "A subscription is in service again. What waited is sent",
    "delivery.parked": "An endpoint refused deliveries. Look why, then send them again",
    "delivery.exhausted": "The last retry of deliveries has failed. Mend the endpoint, then send them again",
    "certificate.expiring": "A certificate ends soon. Replace it before it ends",
    "secret.rotated": "A signing secret was rotated. Make sure that your receiver knows the new one",
    "recovery.finished": "A recovery has ended",
    "grant.requested": "A group asks you for a grant",
    "grant.approved": "A grant was approved",
    "grant.refused": "A grant was refused",
    "audit.broken": "The audit does not verify. Somebody may have changed it",
  },
  digest: (notices) => (notices === 1 ? "1 notice of the last hour" : `${notices} notices of the last hour`),
  times: (count) => `${count} times`,
  endpoint: "Endpoint",
  group: "Group",
  reason: "Reason",
  days: (days) => (days <= 0 ? "It has ended." : days === 1 ? "1 day is left." : `${days} days are left.`),
  more: (lines) => `${lines} more in the portal.`,
  open: "Open",
  why: "You get this mail because your address is a contact of an endpoint, or because you asked for it in the portal.",
  unsubscribe: "Unsubscribe",
};

/** More languages are added here. */
export const MAIL_TEXTS = { en: EN } as const satisfies Record<string, MailTexts>;
export type MailLanguage = keyof typeof MAIL_TEXTS;
