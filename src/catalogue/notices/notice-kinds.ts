/**
 * The kinds of notices in one table: what their events hold, who gets mail about them and how soon. The texts of the
 * mail are in src/activities/mail/texts.
 */
import type { Notice, NoticeKind } from "../../store/notices/notice.js";
import type { NoticeMemberName } from "./members.js";

/**
 * Who may get mail. `contacts`: the addresses of the subscription. `group`: people who act for the group. `deciders`:
 * people who may decide about the apis concerned. `operators`: people who keep deliveries going. `admins`: admins
 * alone. People get mail only if they have asked for it.
 */
export type MailAudience = "contacts" | "group" | "deciders" | "operators" | "admins";

export interface NoticeSpec {
  description: string;
  /** Members of the data that are always there, beside `at`. */
  always: readonly NoticeMemberName[];
  sometimes?: readonly NoticeMemberName[];
  /** The member that `subject` of the notice becomes. */
  subject?: NoticeMemberName;
  to: readonly MailAudience[];
  /** `digest`: gathered for an hour. */
  soon: "at_once" | "digest";
  /** Members of its example that differ from the usual ones. Undefined: the example does without. */
  example?: Partial<Record<NoticeMemberName, string | undefined>>;
  /** It is about the service and not about a group. Only groups that are granted this very type get the event. */
  isOfService?: true;
}

const OWNERS = ["contacts", "group"] as const;
const SUBSCRIPTION = ["groupId", "subscriptionId"] as const;

export const NOTICE_SPECS: Record<NoticeKind, NoticeSpec> = {
  "subscription.submitted": {
    description: "A subscription waits for its approval.",
    always: SUBSCRIPTION,
    sometimes: ["reason"],
    example: { reason: "We book invoices with it." },
    to: ["deciders"],
    soon: "at_once",
  },
  "subscription.approved": {
    description: "A subscription was approved, or its further event types were.",
    always: SUBSCRIPTION,
    sometimes: ["reason", "status"],
    example: { reason: "As agreed in the contract.", status: "approved" },
    to: OWNERS,
    soon: "digest",
  },
  "subscription.rejected": {
    description: "A subscription was refused, or its further event types were.",
    always: SUBSCRIPTION,
    sometimes: ["reason", "status"],
    example: { reason: "The host does not belong to your company.", status: "rejected" },
    to: OWNERS,
    soon: "digest",
  },
  "subscription.paused": {
    description: "A subscription was paused or suspended. Its deliveries are held, and nothing is lost.",
    always: SUBSCRIPTION,
    sometimes: ["reason", "status"],
    example: { reason: "Maintenance until Monday.", status: "paused" },
    to: OWNERS,
    soon: "digest",
  },
  "subscription.failing": {
    description: "The endpoint does not take events any more. Deliveries wait, and nothing is lost.",
    always: SUBSCRIPTION,
    sometimes: ["reason", "since", "disablesAt"],
    example: { reason: "None of the last 26 attempts succeeded, over 6 minutes." },
    to: [...OWNERS, "operators"],
    soon: "digest",
  },
  "subscription.recovered": {
    description: "The endpoint takes events again. What waited is sent.",
    always: SUBSCRIPTION,
    to: [...OWNERS, "operators"],
    soon: "digest",
  },
  "subscription.disabled": {
    description: "Sealpost has disabled the subscription. Deliveries are held until it is resumed.",
    always: SUBSCRIPTION,
    sometimes: ["reason"],
    to: [...OWNERS, "operators"],
    soon: "at_once",
  },
  "subscription.reinstated": {
    description: "A subscription that was paused, suspended or disabled is in service again. What was held is sent.",
    always: SUBSCRIPTION,
    sometimes: ["reason", "status"],
    example: { reason: "The maintenance is over.", status: "active" },
    to: OWNERS,
    soon: "digest",
  },
  "delivery.parked": {
    description: "The endpoint refused deliveries. They wait for somebody to look. At most one event a minute.",
    always: [...SUBSCRIPTION, "count"],
    sometimes: ["deliveryId", "reason"],
    subject: "deliveryId",
    example: { reason: "HTTP 400: The endpoint refused the event." },
    to: OWNERS,
    soon: "digest",
  },
  "delivery.exhausted": {
    description: "The last retry of deliveries has failed. They can be sent again. At most one event a minute.",
    always: [...SUBSCRIPTION, "count"],
    sometimes: ["deliveryId", "reason"],
    subject: "deliveryId",
    example: { reason: "Retries ran out. Last: HTTP 503: The endpoint failed." },
    to: OWNERS,
    soon: "digest",
  },
  "certificate.expiring": {
    description: "A certificate ends in 30, 14, 7 or 1 days, or has ended.",
    always: ["certificate", "endsAt", "days"],
    sometimes: [...SUBSCRIPTION, "connectionId"],
    subject: "connectionId",
    to: [...OWNERS, "admins"],
    soon: "digest",
  },
  "secret.rotated": {
    description: "The subscription has a new signing secret. The earlier one signs until its overlap ends.",
    always: SUBSCRIPTION,
    sometimes: ["endsAt"],
    to: OWNERS,
    soon: "digest",
  },
  "recovery.finished": {
    description: "A recovery has ended.",
    always: ["recoveryId", "status"],
    sometimes: ["groupId", "subscriptionId", "sent", "delivered", "failedAgain", "reason"],
    subject: "recoveryId",
    example: { reason: undefined },
    to: ["group", "operators"],
    soon: "digest",
  },
  "recovery.waiting": {
    description: "A recovery of many deliveries waits for a second person to release it.",
    always: ["recoveryId", "deliveries", "until"],
    sometimes: ["reason"],
    subject: "recoveryId",
    example: { reason: "The outage of two consumers is over." },
    to: ["operators"],
    soon: "at_once",
    isOfService: true,
  },
  "grant.requested": {
    description: "A group asks for a grant.",
    always: ["groupId", "apiId", "requestId", "grant"],
    sometimes: ["reason"],
    subject: "requestId",
    example: { reason: "We handle invoices." },
    to: ["deciders"],
    soon: "at_once",
  },
  "grant.approved": {
    description: "A request for a grant was approved.",
    always: ["groupId", "apiId", "requestId", "grant"],
    sometimes: ["reason"],
    subject: "requestId",
    example: { reason: "As agreed in the contract." },
    to: ["group"],
    soon: "digest",
  },
  "grant.refused": {
    description: "A request for a grant was refused.",
    always: ["groupId", "apiId", "requestId", "grant"],
    sometimes: ["reason"],
    subject: "requestId",
    example: { reason: "Sign the contract first." },
    to: ["group"],
    soon: "digest",
  },
  "audit.broken": {
    description: "The chain of the audit does not verify. Somebody may have changed it.",
    always: [],
    sometimes: ["reason"],
    example: { reason: "A check has found a fault." },
    to: ["admins"],
    soon: "at_once",
    isOfService: true,
  },
};

/** A certificate that ends within this many days is told at once. */
const SOON_DAYS = 7;

/** How soon mail about the notice goes out. */
export function soonOf({ kind, detail }: Pick<Notice, "kind" | "detail">): NoticeSpec["soon"] {
  const days = detail?.["days"];
  if (kind === "certificate.expiring" && typeof days === "number" && days <= SOON_DAYS) return "at_once";
  return NOTICE_SPECS[kind].soon;
}
