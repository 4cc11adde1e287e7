/** The groups that a consumer key acts for. */
import type { ApiKey } from "./model.js";

/** One group is in `groupId`, as earlier releases wrote it. Several are in `groupIds`. No group: it acts for none. */
export const groupsOfKey = ({
  groupId,
  groupIds,
}: {
  groupId?: string | undefined;
  groupIds?: readonly string[] | undefined;
}): readonly string[] => groupIds ?? (groupId === undefined ? [] : [groupId]);

/** The key without a group that is erased. A key that acted for no other group is revoked. */
export function withoutGroup<K extends ApiKey>(key: K, id: string, now: Date): K {
  const groupIds = groupsOfKey(key).filter((each) => each !== id);
  if (key.revokedAt) return key;
  return groupIds.length === 0 ? { ...key, revokedAt: now } : { ...key, groupIds };
}
