/** The record store of the model. Each function is one operation of the store, done at one instant. */
import { LANDED_MS } from "../../src/api/publish/accept/ownership.js";
import type { DeliveryDocument } from "../../src/store/deliveries/delivery-document.js";
import { deliveryOf, documentOf } from "../../src/store/deliveries/delivery-document.js";
import type { Update } from "../../src/store/deliveries/delivery-changes.js";
import type { Delivery, EventRecord } from "../../src/store/model.js";
import type { DeliveryChange, RefusedChange } from "../../src/store/store.js";
import { renewedBefore, changedTimes, notRenewedSince, ownedBy } from "../../src/store/mongo/guards.js";
import { put } from "./records.js";
import { type Program, read, sleep, write } from "./tasks.js";
import { SUBSCRIPTIONS, type World } from "./world.js";

const NO_KEYS: Parameters<World["d"]["decideRecord"]>[1] = new Map();

export const insertEvents = (world: World, records: EventRecord[]): Program<string[]> =>
  write(world, () => {
    const known = records.filter(({ id }) => world.events.has(id));
    for (const record of records)
      if (!world.events.has(record.id))
        world.events.set(record.id, world.ledger.has(record.id) ? bareOf(record, world.now) : record);
    return known.map(({ id }) => id);
  });

export const readEvents = (world: World, ids: readonly string[]): Program<Map<string, EventRecord>> =>
  read(world, () => new Map(ids.flatMap((id) => (world.events.has(id) ? [[id, eventIn(world, id)] as const] : []))));

function eventIn(world: World, id: string): EventRecord {
  const record = world.events.get(id);
  if (!record) throw new Error(`no record of ${id}`);
  return { ...record };
}

export const eventsOf = (world: World, owners: readonly string[]): Program<EventRecord[]> =>
  read(world, () =>
    [...world.events.values()].filter(({ owner }) => owners.includes(owner)).map((each) => ({ ...each })),
  );

export const takeOverEvent = (world: World, id: string, from: string, to: string): Program<void> =>
  write(world, () => {
    const record = world.events.get(id);
    if (record && world.d.matches({ ...record, _id: id }, ownedBy(id, from)))
      world.events.set(id, { ...record, owner: to });
  });

const bareOf = (record: EventRecord, at: number): EventRecord => ({ ...record, sha256: "", expungedAt: new Date(at) });
export const expungeEvent = (world: World, id: string): Program<void> =>
  write(world, () => {
    const record = world.events.get(id);
    if (record && !record.expungedAt) world.events.set(id, bareOf(record, world.now));
  });

/** Until nothing can land any more that was sent before (src/api/publish/accept/landed.ts). */
export function* untilLanded(world: World): Program {
  const { now, ranMs } = world;
  for (;;) {
    const answeredForMs = world.d.answeredForMs({ passedMs: world.now - now, ranMs: world.ranMs - ranMs });
    if (world.d.hasLanded(answeredForMs)) return;
    yield* sleep(world, Math.max(1, LANDED_MS - answeredForMs));
  }
}

const announcementIn = (world: World, process: string) => {
  const found = world.announcements.get(process);
  return found && { _id: process, renewedAt: new Date(found.renewedAt), renewal: found.renewal };
};
/** What a process writes about itself. */
export interface Renewal {
  open: string[];
  renewal: number;
}
export const renewAnnouncement = (world: World, process: string, { open, renewal }: Renewal): Program<boolean> =>
  write(world, () => {
    if (!world.d.matches(announcementIn(world, process), renewedBefore(process, renewal))) return false;
    world.announcements.set(process, { renewedAt: world.now, open, renewal });
    return true;
  });
export function* beginAnnouncement(world: World, process: string, { open, renewal }: Renewal): Program {
  const isNew = yield* write(world, () => {
    if (world.announcements.has(process)) return false;
    world.announcements.set(process, { renewedAt: world.now, open, renewal });
    return true;
  });
  if (!isNew) yield* renewAnnouncement(world, process, { open, renewal });
}
export const removeAnnouncement = (world: World, process: string, renewedAt: number): Program<void> =>
  write(world, () => {
    if (world.d.matches(announcementIn(world, process), notRenewedSince(process, new Date(renewedAt))))
      world.announcements.delete(process);
  });

export const insertDeliveries = (world: World, deliveries: Delivery[]): Program<string[]> =>
  write(world, () => {
    const known = deliveries.filter(({ id }) => world.deliveries.has(id));
    for (const delivery of deliveries)
      if (!world.deliveries.has(delivery.id)) put(world, documentOf(delivery, NO_KEYS));
    return known.map(({ id }) => id);
  });

export const readDeliveries = (world: World, ids: readonly string[]): Program<Map<string, Delivery>> =>
  read(
    world,
    () =>
      new Map(
        ids.flatMap((id) => {
          const found = world.deliveries.get(id);
          return found ? [[id, deliveryOf(found)] as const] : [];
        }),
      ),
  );

/** As in src/store/deliveries/delivery-changes.ts: each is read, decided, and written if it is as it was read. */
export function* changeDelivery(world: World, change: DeliveryChange): Program<RefusedChange | undefined> {
  const decide = world.d.decideRecord(new Date(world.now), NO_KEYS, () => false);
  for (;;) {
    const current = yield* read(world, () => world.deliveries.get(change.id));
    const decision = current ? decide(current, change) : { refused: "missing" as const };
    const refused = decision.refused && {
      id: change.id,
      why: decision.refused,
      ...(current && { stands: deliveryOf(current) }),
    };
    const { update } = decision;
    if (!update || !current) return refused;
    const seq = current.seq ?? 0;
    const isMade = yield* write(world, () => {
      const now = world.deliveries.get(change.id);
      if (!now || !world.d.matches(now, changedTimes(change.id, seq))) return false;
      put(world, updated(now, update, seq), change.asked);
      return true;
    });
    if (isMade) return refused;
  }
}

function updated(document: DeliveryDocument, { set, unset }: Update, seq: number): DeliveryDocument {
  const next: DeliveryDocument = { ...document, attempts: { ...document.attempts }, seq: seq + 1 };
  for (const [field, value] of Object.entries(set))
    if (field.startsWith("attempts.")) Object.assign(next.attempts ?? {}, { [field.slice(9)]: value });
    else Object.assign(next, { [field]: value });
  for (const field of unset) Reflect.deleteProperty(next, field);
  return next;
}

/** Ids of the deliveries of an event. */
export const deliveryIdsOf = (eventId: string): string[] => SUBSCRIPTIONS.map(({ id }) => `${eventId}.${id}`);
