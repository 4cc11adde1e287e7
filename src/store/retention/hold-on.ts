/** Which legal hold forbids an erasure. */
import type { HoldTarget } from "../collections/holds.js";
import type { ErasureTarget, EventRecord } from "../model.js";
import type { Store } from "../store.js";

type HoldDependencies = Pick<Store, "holds" | "events" | "deliveries">;

/** Undefined when nothing that the target takes with it is held. Throws StoreError `unavailable`. */
export async function holdOn(store: HoldDependencies, target: ErasureTarget): Promise<HoldTarget | undefined> {
  const id = target.slice(target.indexOf("/") + 1);
  if (target.startsWith("event/")) return onEvent(store, id);
  if (target.startsWith("group/")) return onGroup(store, id);
  if (target.startsWith("api/")) return onApi(store, id);
  return undefined;
}

/** The event itself, or a group that it was addressed or delivered to. */
async function onEvent({ holds, events, deliveries }: HoldDependencies, id: string): Promise<HoldTarget | undefined> {
  if (await holds.get(`event/${id}`)) return `event/${id}`;
  const groups = await holds.heldGroups();
  if (groups.length === 0) return undefined;
  const addressed = (await events.get(id))?.groups?.find((group) => groups.includes(group));
  if (addressed !== undefined) return `group/${addressed}`;
  const { data } = await deliveries.list({ limit: 1 }, { eventId: id, groupIds: groups });
  return data[0] && `group/${data[0].groupId}`;
}

/** The group itself, or an event that was addressed or delivered to it. */
async function onGroup(
  { holds, events, deliveries }: HoldDependencies,
  groupId: string,
): Promise<HoldTarget | undefined> {
  if (await holds.get(`group/${groupId}`)) return `group/${groupId}`;
  return ofHeldEvents({ holds, events }, async ({ id, groups = [] }) => {
    if (groups.includes(groupId)) return true;
    return (await deliveries.list({ limit: 1 }, { eventId: id, groupIds: [groupId] })).data.length > 0;
  });
}

/**
 * An event of the api, or a group that got one. While deliveries do not name their api, as on FerretDB, every delivery
 * of the group counts: a hold must not miss one.
 */
async function onApi({ holds, events, deliveries }: HoldDependencies, apiId: string): Promise<HoldTarget | undefined> {
  for (const groupId of await holds.heldGroups()) {
    const { data } = await deliveries.list({ limit: 1 }, { groupIds: [groupId], apiIds: [apiId] });
    if (data.length > 0) return `group/${groupId}`;
  }
  return ofHeldEvents({ holds, events }, async (event) => event.apiId === apiId);
}

async function ofHeldEvents(
  { holds, events }: Pick<HoldDependencies, "holds" | "events">,
  isMeant: (event: EventRecord) => Promise<boolean>,
): Promise<HoldTarget | undefined> {
  for await (const ids of holds.heldEvents())
    for (const event of (await events.getMany(ids)).values()) if (await isMeant(event)) return `event/${event.id}`;
  return undefined;
}
