/**
 * Reading what is sealed is on record, as decoding it in the Temporal UI is: the first read before it is answered, the
 * others of the same minute as one entry that counts them. Ids are named, never what was in them.
 */
import type { Delivery } from "../../store/model.js";
import type { RequestContext } from "../route.js";

/** A payload and attempts with their requests and answers. @throws StoreError: what is not on record is not shown */
export async function recordDeliveryRead(
  { dependencies, actor }: RequestContext<"auditTally">,
  delivery: Delivery,
  payloads: 0 | 1,
): Promise<void> {
  const attempts = delivery.attempts.filter(({ detail }) => detail !== undefined).length;
  if (payloads + attempts === 0) return;
  await dependencies.auditTally.record({
    actor: actor.name,
    action: "content.read",
    subject: delivery.groupId,
    counts: { payloads, attempts },
    names: { deliveries: [delivery.id] },
  });
}

/** Names and addresses of people. @throws StoreError: what is not on record is not shown */
export async function recordPeopleRead(
  { dependencies, actor }: RequestContext<"auditTally">,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0)
    await dependencies.auditTally.record({
      actor: actor.name,
      action: "people.read",
      subject: "people",
      counts: { people: ids.length },
      names: { people: ids },
    });
}
