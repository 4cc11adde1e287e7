/** The event of a notice: its data, and the groups that it is for. */
import type { Notice } from "../../store/notices/notice.js";
import type { Catalogue } from "../catalogue.js";
import { NOTICE_SPECS } from "./notice-kinds.js";
import { eventTypeOf, takesNotices } from "./own-api.js";

/** What is sent. Ids and reasons only. */
export function dataOf(notice: Notice): Record<string, unknown> {
  const { kind, at, groupId, apiId, subscriptionId, subject, reason, detail } = notice;
  const member = NOTICE_SPECS[kind].subject;
  return {
    at: at.toISOString(),
    ...(groupId !== undefined && { groupId }),
    ...(apiId !== undefined && { apiId }),
    ...(subscriptionId !== undefined && { subscriptionId }),
    ...(subject !== undefined && member !== undefined && { [member]: subject }),
    ...(reason !== undefined && { reason }),
    ...detail,
  };
}

/**
 * Ids of the groups with a subscription that takes the event. Empty when nobody does, or when it must not be sent
 * because of a loop.
 */
export function noticeGroups(
  catalogue: Pick<Catalogue, "routes" | "subscription" | "group">,
  { kind, groupId, subscriptionId }: Pick<Notice, "kind" | "groupId" | "subscriptionId">,
): string[] {
  const about = subscriptionId === undefined ? undefined : catalogue.subscription(subscriptionId);
  if (about && takesNotices(about)) return [];
  const type = eventTypeOf(kind);
  const takers = new Set(catalogue.routes(type).map((subscription) => subscription.groupId));
  if (groupId !== undefined) return takers.has(groupId) ? [groupId] : [];
  // What is about the service is for those alone who were granted this very type.
  if (!NOTICE_SPECS[kind].isOfService) return [];
  return [...takers].filter((id) => catalogue.group(id)?.grants.includes(type));
}
