/** The texts of mail in English. */
import type { MailTexts } from "./mail-texts.js";

export const ENGLISH: MailTexts = {
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
    "recovery.waiting": "A recovery waits for a second person to release it",
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
  whyChat:
    "You get this message because an endpoint has this channel for its notices. " +
    "It is changed in the settings of the endpoint.",
  unsubscribe: "Unsubscribe",
};
