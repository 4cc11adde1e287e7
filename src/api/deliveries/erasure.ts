/** Erasure: what is deleted here is gone for good, backups included (src/store/collections/erasures.ts). */
import { groupsOfKey } from "../../store/key-groups.js";
import { ownsApi, ownsGrants, seesApi } from "../access/access.js";
import { recordAct } from "../access/audit.js";
import type { ErasureTarget } from "../../store/model.js";
import { refuse, type Refusal } from "../http/errors.js";
import { noContent, type Reply, type RequestContext } from "../route.js";

type Outcome = Promise<Reply<never> | Refusal>;

/** Before anything is cancelled or claimed. The erasure itself asks again. */
async function refuseHeld(
  { dependencies: { store } }: RequestContext<"store">,
  target: ErasureTarget,
): Promise<Refusal | undefined> {
  const held = await store.erasures.holdOn(target);
  return held === undefined ? undefined : refuse("legal_hold", `There is a legal hold on ${held}.`);
}

/**
 * Removes the content of one event. It is entered in the ledger first, and from then on no workflow sends it. The
 * deliveries cancelled here would otherwise be cancelled when they come up next.
 */
export async function expungeEvent(context: RequestContext<"store" | "catalogue" | "operations">, id: string): Outcome {
  const { store, operations } = context.dependencies;
  const event = await store.events.get(id);
  if (!event || !ownsApi(context.actor, event.apiId)) return refuse("not_found");
  const held = await refuseHeld(context, `event/${id}`);
  if (held) return held;
  await store.erasures.erase(`event/${id}`, context.actor.name);
  const cancelled = await operations.cancelAll({ eventId: id }, context.actor.name, "The event's content was erased.");
  await recordAct(context, "event.expunge", id, { cancelled });
  return noContent;
}

/**
 * What keeps a group from being deleted alone. By ids, which are there also when the key that opens the objects is
 * gone.
 */
async function dependant(
  { dependencies: { store } }: RequestContext<"store">,
  id: string,
): Promise<string | undefined> {
  const [subscription] = await store.subscriptions.idsOf({ groupId: id });
  if (subscription !== undefined) return `The subscription ${subscription} belongs to it.`;
  const key = (await store.apiKeys.all()).find(
    (each) => groupsOfKey(each).includes(id) && each.revokedAt === undefined,
  );
  return key && `The API key ${key.id} acts for it.`;
}

/**
 * Deletes a group with its data key. What a crash leaves half-way the same call finishes, and so does every process at
 * its start.
 */
export async function deleteGroup(
  context: RequestContext<"store" | "catalogue" | "operations">,
  id: string,
  cascade: boolean,
): Outcome {
  const {
    dependencies: { store, operations, catalogue },
    actor,
  } = context;
  const group = await store.groups.get(id);
  if (!group) return refuse("not_found");
  if (!ownsGrants(actor, catalogue, group.grants))
    return refuse("forbidden", "This key is limited to some apis, and the group is granted others.");
  if (actor.apiIds)
    return refuse("forbidden", "This key is limited to some apis, and a group's deletion erases records of every api.");
  const held = await refuseHeld(context, `group/${id}`);
  if (held) return held;
  const begun = await store.erasures.has(`group/${id}`);
  const inUse = cascade || begun ? undefined : await dependant(context, id);
  if (inUse !== undefined) return refuse("in_use", inUse);
  const subscriptions = await store.subscriptions.idsOf({ groupId: id });
  const cancelOpen = async (): Promise<void> => {
    for (const subscriptionId of subscriptions)
      await operations.cancelAll({ subscriptionId }, actor.name, "The group was deleted.");
  };
  // An erasure that was begun goes on under its first condition, whose tag this voided.
  if (!begun) await context.claim?.();
  // It is done before, because afterwards nobody knows the subscriptions. It is done again after, for what came in
  // between.
  await cancelOpen();
  await store.erasures.erase(`group/${id}`, actor.name);
  await cancelOpen();
  await recordAct(context, "group.delete", id, { subscriptions: subscriptions.length });
  return noContent;
}

/** Deletes an api that nothing uses. With `erase` its data key as well. */
export async function deleteApi(context: RequestContext<"store" | "catalogue">, id: string, erase: boolean): Outcome {
  const {
    dependencies: { store, catalogue },
    actor,
  } = context;
  if (!seesApi(actor, catalogue, id) || !(await store.apis.get(id))) return refuse("not_found");
  const [type] = await store.eventTypes.idsOf({ apiId: id });
  if (type !== undefined) return refuse("in_use", `The event type ${type} belongs to it.`);
  const granted = (await store.groups.all()).find((group) => group.grants.includes(id));
  if (granted) return refuse("in_use", `The group ${granted.id} is granted it.`);
  const held = erase ? await refuseHeld(context, `api/${id}`) : undefined;
  if (held) return held;
  if (erase) {
    if (!(await store.erasures.has(`api/${id}`))) await context.claim?.();
    await store.erasures.erase(`api/${id}`, actor.name);
  } else if (!(await store.apis.delete(id))) return refuse("not_found");
  await recordAct(context, "api.delete", id, { erased: erase });
  return noContent;
}
