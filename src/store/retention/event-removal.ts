/**
 * Removes events with everything that hangs on them. A delivery may be opened again at any time, so nothing is deleted
 * before all deliveries of its event are marked. A mark is a compare-and-set like every change of a delivery. What is
 * marked takes no change any more, and what was opened first takes no mark. The event goes last, so that a run that was
 * killed finds it again.
 */
import type { Collection, Filter } from "mongodb";
import { SETTLED_STATUSES } from "../../workflows/contract.js";
import { eventOfDelivery } from "../../workflows/event-id.js";
import type { EventDocument } from "../collections/events.js";
import type { HoldStore } from "../collections/holds.js";
import type { RoutingStore } from "../collections/routings.js";
import type { ChangeDeliveries } from "../deliveries/delivery-changes.js";
import type { DeliveryDocument } from "../deliveries/delivery-document.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { inBatches } from "../mongo/oldest-first.js";
import type { AgedEvent } from "./due-events.js";
import type { RemovedEvents } from "./retention-store.js";

export interface RemovalDependencies {
  events: Collection<EventDocument>;
  deliveries: Collection<DeliveryDocument>;
  change: ChangeDeliveries;
  holds: Pick<HoldStore, "heldOf" | "heldGroups">;
  routings: Pick<RoutingStore, "forget">;
  exclusive: Exclusive;
  ferretDb: boolean;
}

/** An event that is old enough, and the instant before which it has to be settled. */
export interface AgedBefore {
  event: AgedEvent;
  before: Date;
}

type Found = Pick<DeliveryDocument, "status" | "updatedAt" | "groupId" | "workflowId"> & { _id: string };

/** Changes in one write. */
const TOGETHER = 500;
/** Deliveries that are read together, but for those of one event. */
const MOST_DELIVERIES = 5_000;
const READ_AT_ONCE = 1_000;
const PROJECTION = { eventId: 1, status: 1, updatedAt: 1, groupId: 1, workflowId: 1 };

/**
 * A parked delivery counts as settled here, once no workflow waits with it any more (PARK_OPEN_DAYS). A resend of one
 * with a workflow is a signal, which no record shows until the attempt is made.
 */
const isSettled = ({ status }: Pick<DeliveryDocument, "status">): boolean =>
  status === "parked" || SETTLED_STATUSES.includes(status);

const isOver = (delivery: Pick<DeliveryDocument, "status" | "updatedAt">, before: Date): boolean =>
  isSettled(delivery) && delivery.updatedAt < before;

/**
 * Removes those of the events that are settled, idle and not held. `isIdle` gives the owners whose workflows have
 * ended. Repeatable. Throws StoreError `unavailable`. What is marked by then is removed by the next call.
 */
export async function removeEvents(
  dependencies: RemovalDependencies,
  aged: readonly AgedBefore[],
  isIdle: (owners: ReadonlySet<string>, before: Date) => Promise<ReadonlySet<string>>,
): Promise<RemovedEvents> {
  const total = { events: new Map<string, number>(), deliveries: 0, open: 0, held: 0 };
  for await (const some of withDeliveries(dependencies, aged)) {
    const removed = await removeSome(dependencies, some, isIdle);
    for (const { event } of removed.gone) total.events.set(event.apiId, (total.events.get(event.apiId) ?? 0) + 1);
    total.deliveries += removed.gone.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    total.held += removed.held;
    total.open += some.length - removed.gone.length - removed.held;
  }
  return total;
}

interface Candidate extends AgedBefore {
  deliveries: Found[];
}

/** The events with their deliveries, some at a time. */
async function* withDeliveries(
  { deliveries, ferretDb }: RemovalDependencies,
  aged: readonly AgedBefore[],
): AsyncGenerator<Candidate[]> {
  if (aged.length === 0) return;
  const found = new Map(aged.map(({ event }) => [event._id, [] as Found[]]));
  const candidatesOf = (some: readonly AgedBefore[]): Candidate[] =>
    some.map((each) => ({ ...each, deliveries: found.get(each.event._id) ?? [] }));
  if (ferretDb) {
    // FerretDB finds the deliveries of one event by reading all of them. So many events share one such read.
    for await (const batch of inBatches(deliveries, { projection: PROJECTION, batch: READ_AT_ONCE }))
      for (const delivery of batch) found.get(delivery.eventId ?? eventOfDelivery(delivery._id))?.push(delivery);
    yield candidatesOf(aged);
    return;
  }
  let rest = aged;
  while (rest.length > 0) {
    const read = await readByEvent(deliveries, rest, found);
    yield candidatesOf(rest.slice(0, read));
    for (const { event } of rest.slice(0, read)) found.delete(event._id);
    rest = rest.slice(read);
  }
}

/** By the index of `eventId`, as far as so many deliveries reach. Gives of how many events all of them were read. */
async function readByEvent(
  deliveries: Collection<DeliveryDocument>,
  aged: readonly AgedBefore[],
  found: ReadonlyMap<string, Found[]>,
): Promise<number> {
  let count = 0;
  for (const [index, { event }] of aged.entries()) {
    const own = found.get(event._id) ?? [];
    const cursor = deliveries.find({ eventId: event._id }, { projection: PROJECTION, maxTimeMS: LIST_DEADLINE_MS });
    own.push(...(await guarded(() => cursor.toArray(), LIST_DEADLINE_MS)));
    count += own.length;
    if (count >= MOST_DELIVERIES) return index + 1;
  }
  return aged.length;
}

interface Gone {
  gone: Candidate[];
  held: number;
}

async function removeSome(
  dependencies: RemovalDependencies,
  candidates: readonly Candidate[],
  isIdle: Parameters<typeof removeEvents>[2],
): Promise<Gone> {
  const settled = candidates.filter(
    ({ event, deliveries, before }) =>
      deliveries.every((delivery) => isOver(delivery, before)) &&
      // An erasure is a change too. So an id is free again only long after its erasure.
      (event.expungedAt === undefined || event.expungedAt < before),
  );
  const quiet = await withoutBusy(settled, isIdle);
  // Most of what is held is left out without a mark.
  const free = await withoutHeld(dependencies, quiet);
  const marked = await mark(dependencies, free);
  // A hold that was placed before this moment counts.
  const gone = await withoutHeld(dependencies, marked);
  await takeBack(dependencies, without(free, gone));
  await deleteAll(dependencies, gone);
  return { gone, held: quiet.length - free.length + (marked.length - gone.length) };
}

const without = (all: readonly Candidate[], these: readonly Candidate[]): Candidate[] => {
  const left = new Set(these);
  return all.filter((each) => !left.has(each));
};

/** Without events whose dispatch may still be under way, or of which a workflow looks after a parked delivery. */
async function withoutBusy(
  candidates: readonly Candidate[],
  isIdle: Parameters<typeof removeEvents>[2],
): Promise<Candidate[]> {
  const [first] = candidates;
  if (!first) return [];
  const before = new Date(Math.min(...candidates.map((each) => each.before.getTime())));
  const workflowsOf = ({ event, deliveries }: Candidate): string[] => [
    event.owner,
    ...deliveries.flatMap(({ workflowId }) => workflowId ?? []),
  ];
  const idle = await isIdle(new Set(candidates.flatMap(workflowsOf)), before);
  return candidates.filter((each) => workflowsOf(each).every((id) => idle.has(id)));
}

async function withoutHeld({ holds }: RemovalDependencies, candidates: readonly Candidate[]): Promise<Candidate[]> {
  if (candidates.length === 0) return [];
  const groups = new Set(await holds.heldGroups());
  const events = await holds.heldOf(candidates.map(({ event }) => event._id));
  return candidates.filter(
    ({ event, deliveries }) =>
      !events.has(event._id) &&
      !(event.groups ?? []).some((id) => groups.has(id)) &&
      !deliveries.some(({ groupId }) => groups.has(groupId)),
  );
}

/** Gives those of which every delivery is marked. */
async function mark(
  { events, change, exclusive, ferretDb }: RemovalDependencies,
  candidates: readonly Candidate[],
): Promise<Candidate[]> {
  const at = new Date();
  const ids = candidates.map(({ event }) => event._id);
  if (!ferretDb) await changeEvents(events, ids, { $set: { removing: at } });
  else
    for (const id of ids) await exclusive(`events/${id}`, () => changeEvents(events, [id], { $set: { removing: at } }));
  const orders = candidates.flatMap(({ deliveries, before, event }) =>
    deliveries.map(({ _id: id }) => ({ id, before, event: event._id })),
  );
  const open = new Set<string>();
  for (let from = 0; from < orders.length; from += TOGETHER) {
    const some = orders.slice(from, from + TOGETHER);
    const refused = await change(some, (current, { before }) => {
      if (current.removing) return {};
      return isOver(current, before) ? { update: { set: { removing: at }, unset: [] } } : { refused: "outdated" };
    });
    const outdated = new Set(refused.flatMap(({ id, why }) => (why === "outdated" ? [id] : [])));
    for (const { id, event } of some) if (outdated.has(id)) open.add(event);
  }
  return candidates.filter(({ event }) => !open.has(event._id));
}

/** Nothing of these was deleted yet, so they are as they were before. */
async function takeBack(
  { events, change, exclusive, ferretDb }: RemovalDependencies,
  candidates: readonly Candidate[],
): Promise<void> {
  const ids = candidates.flatMap(({ deliveries }) => deliveries.map(({ _id: id }) => ({ id })));
  for (let from = 0; from < ids.length; from += TOGETHER)
    await change(ids.slice(from, from + TOGETHER), (current) =>
      current.removing ? { update: { set: {}, unset: ["removing"] } } : {},
    );
  const unmark = { $unset: { removing: "" as const } };
  const marked = candidates.map(({ event }) => event._id);
  if (!ferretDb) return changeEvents(events, marked, unmark);
  for (const id of marked) await exclusive(`events/${id}`, () => changeEvents(events, [id], unmark));
}

type EventUpdate = { $set: { removing: Date } } | { $unset: { removing: "" } };

async function changeEvents(
  events: Collection<EventDocument>,
  ids: readonly string[],
  update: EventUpdate,
): Promise<void> {
  if (ids.length === 0) return;
  await guarded((within) => events.updateMany(byId(ids), update, within), LIST_DEADLINE_MS);
}

/** FerretDB finds one exact id by its index, and scans for a list of them. */
const byId = <D extends { _id: string }>(ids: readonly string[]): Filter<D> =>
  ({ _id: ids.length === 1 ? ids[0] : { $in: ids } }) as Filter<D>;

/** What is marked. The event is the last, because everything else is found by it. */
async function deleteAll(
  { events, deliveries, routings, ferretDb }: RemovalDependencies,
  gone: readonly Candidate[],
): Promise<void> {
  const deliveryIds = gone.flatMap((each) => each.deliveries.map(({ _id: id }) => id));
  await deleteByIds(deliveries, deliveryIds, ferretDb);
  const byOwner = new Map<string, string[]>();
  for (const { event } of gone) byOwner.set(event.owner, [...(byOwner.get(event.owner) ?? []), event._id]);
  await routings.forget(byOwner);
  await deleteByIds(
    events,
    gone.map(({ event }) => event._id),
    ferretDb,
  );
}

async function deleteByIds<D extends { _id: string; removing?: Date }>(
  collection: Collection<D>,
  ids: readonly string[],
  ferretDb: boolean,
): Promise<void> {
  const step = ferretDb ? 1 : TOGETHER;
  for (let from = 0; from < ids.length; from += step) {
    const filter = byId<D>(ids.slice(from, from + step));
    // Of what another run has taken back meanwhile nothing is deleted.
    const guardedFilter = ferretDb ? filter : ({ ...filter, removing: { $exists: true } } as Filter<D>);
    await guarded((within) => collection.deleteMany(guardedFilter, within), LIST_DEADLINE_MS);
  }
}
