/** What has happened that people and their systems want to be told of. Ids and reasons only, never a payload. */

/** The kinds of happenings. Each is the event type `sealpost.<kind>` (src/catalogue/notices). */
export const NOTICE_KINDS = [
  "subscription.submitted",
  "subscription.approved",
  "subscription.rejected",
  "subscription.paused",
  "subscription.failing",
  "subscription.recovered",
  "subscription.disabled",
  "subscription.reinstated",
  "delivery.parked",
  "delivery.exhausted",
  "certificate.expiring",
  "secret.rotated",
  "recovery.finished",
  "recovery.waiting",
  "grant.requested",
  "grant.approved",
  "grant.refused",
  "audit.broken",
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface Notice {
  /** The same happening has the same id. A notice with an id that was there before is ignored. */
  id: string;
  kind: NoticeKind;
  at: Date;
  /** The group that it concerns. Absent when it concerns the service itself. */
  groupId?: string;
  apiId?: string;
  subscriptionId?: string;
  /** Id of the delivery, recovery, request, connection and so on. */
  subject?: string;
  /** In words for people. */
  reason?: string;
  detail?: Record<string, string | number | boolean>;
}
