/** The records of deliveries that a recovery makes, for events that the subscription has none of. */
import { unwantedOf } from "../../catalogue/recovery/missing.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { firstDeliveryOf } from "../../catalogue/recovery/first-delivery.js";
import type { Delivery, Subscription } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { eventOfDelivery } from "../../workflows/event-id.js";
import type { MetDelivery, SkipReason } from "../../workflows/recovery/recovery-contract.js";

export interface MissingRecordsDependencies {
  store: Pick<Store, "events" | "deliveries" | "routings">;
  catalogue: Catalogue;
  /** Which of these workflows ended before the instant. What nobody has started yet has not. */
  isIdle: (workflows: ReadonlySet<string>, before: Date) => Promise<ReadonlySet<string>>;
}

/** Those of which no record is wanted any more, with the reason. */
export type Unmade = Map<string, SkipReason>;

/**
 * Makes a record for each that has none. The ids are the ones that a dispatch would give, so an insert decides which of
 * two writers makes it. Repeatable: what an earlier run made is there and named `workflowId`. `known` was read before
 * the events are, because an event that is removed by its age is marked before its deliveries go.
 */
export async function makeMissing(
  { store, catalogue, isIdle }: MissingRecordsDependencies,
  { subscription, workflowId }: { subscription: Subscription; workflowId: string },
  wanted: readonly MetDelivery[],
  known: ReadonlyMap<string, Delivery>,
): Promise<Unmade> {
  const unmade: Unmade = new Map();
  const missing = wanted.filter(({ id }) => !known.has(id));
  const events = await store.events.getPresent(missing.map(({ id }) => eventOfDelivery(id)));
  const unwanted = await unwantedOf({ store, catalogue }, subscription, [...events.values()]);
  const dispatched = await dispatchedBy({ store, isIdle }, new Set([...events.values()].map(({ owner }) => owner)));
  const made: Delivery[] = [];
  for (const { id } of missing) {
    const event = events.get(eventOfDelivery(id));
    const reason = event
      ? (unwanted.get(event.id) ?? (dispatched.has(event.owner) ? undefined : "under_way"))
      : "erased";
    if (event && reason === undefined)
      made.push({ ...firstDeliveryOf(catalogue, event, subscription), id, workflowId });
    else unmade.set(id, reason ?? "erased");
  }
  if (made.length > 0) await store.deliveries.insertMany(made);
  return unmade;
}

/** Those of the owners that have dispatched all their events. A dispatch in pages ends before its pages do. */
async function dispatchedBy(
  { store, isIdle }: Pick<MissingRecordsDependencies, "isIdle"> & { store: Pick<Store, "routings"> },
  owners: ReadonlySet<string>,
): Promise<Set<string>> {
  if (owners.size === 0) return new Set();
  const pages = await store.routings.pagesOf([...owners]);
  const idle = await isIdle(new Set([...owners, ...[...pages.values()].flat()]), new Date());
  return new Set(
    [...owners].filter((owner) => idle.has(owner) && (pages.get(owner) ?? []).every((page) => idle.has(page))),
  );
}
