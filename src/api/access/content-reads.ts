/**
 * Records who reads sealed content, as for decoding in the Temporal UI. The first read is recorded before it is
 * answered. The others of the same minute become one entry with their number. The entry names ids and never content.
 */
import type { Delivery, EventRecord } from "../../store/model.js";
import type { RequestContext } from "../route.js";

/**
 * Records that a payload, or attempts with their requests and answers, are shown. @throws StoreError when it cannot be
 * recorded. Then the content is not shown
 */
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

/** Records that the payload of an event is shown by itself. @throws StoreError when it cannot be recorded. */
export async function recordEventRead(
  { dependencies, actor }: RequestContext<"auditTally">,
  { id, type }: Pick<EventRecord, "id" | "type">,
): Promise<void> {
  await dependencies.auditTally.record({
    actor: actor.name,
    action: "content.read",
    subject: type,
    counts: { payloads: 1 },
    names: { events: [id] },
  });
}

/**
 * Records that names and addresses of people are shown. @throws StoreError when it cannot be recorded. Then they are
 * not shown
 */
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
