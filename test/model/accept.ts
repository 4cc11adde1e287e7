/** The accepting side: announcements, the commit, starts (src/api/publish/accept). */
import { escapeEventId } from "../../src/workflows/event-id.js";
import type { EventRecord } from "../../src/store/model.js";
import type { PublishedEvent } from "../../src/workflows/contract.js";
import { byReference } from "../../src/api/publish/accept/start-workflow.js";
import { beginEarly } from "./early.js";
import { eventsStarted, startDeliver } from "./engine.js";
import type { Batch, Process } from "./process.js";
import { beginAnnouncement, insertEvents, readEvents, renewAnnouncement, takeOverEvent, untilLanded } from "./store.js";
import { begin, type Program, pause, sleep, Unavailable } from "./tasks.js";
import { newName, TYPE, type World } from "./world.js";

const AHEAD = 3;
const RENEW_EVERY_MS = 3_000;

/** Announces ids, and again every three seconds (owner-ids.ts). */
export function* renewing(world: World, process: Process): Program {
  const { owners } = process;
  for (;;) {
    const fresh = Array.from({ length: Math.max(0, AHEAD - owners.free.length) }, () => newName(world, "batch"));
    const open = [...owners.open.keys(), ...owners.free, ...fresh];
    const sentAt = world.now;
    try {
      const renewal = { open, renewal: ++owners.renewal };
      if (!owners.isBegun) yield* beginAnnouncement(world, process.name, renewal);
      else if (!(yield* renewAnnouncement(world, process.name, renewal))) {
        owners.generation++;
        owners.free = [];
        owners.isBegun = false;
        continue;
      }
      owners.isBegun = true;
      owners.renewedAt = sentAt;
      owners.free.push(...fresh);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
    yield* pause(world, RENEW_EVERY_MS);
  }
}

const isFresh = (world: World, { owners: { renewedAt } }: Process): boolean =>
  world.d.mayUseIds({ renewedAt, now: world.now });

export function takeOwner(world: World, process: Process): string | undefined {
  const id = isFresh(world, process) ? process.owners.free.shift() : undefined;
  if (id !== undefined) process.owners.open.set(id, process.owners.generation);
  return id;
}

/** The batch that takes one more event (batches.ts). */
function takeBatch(world: World, process: Process): Batch | undefined {
  const { owners, batches } = process;
  const open = batches.find(({ isClosed }) => !isClosed);
  if (open && isFresh(world, process) && owners.open.get(open.owner) === owners.generation) return open;
  if (open) open.isClosed = true;
  const owner = takeOwner(world, process);
  if (owner === undefined) return undefined;
  const batch: Batch = { owner, ready: [], pending: 0, isClosed: false };
  batches.push(batch);
  return batch;
}

export const recordOf = (event: PublishedEvent, owner: string): EventRecord => ({
  id: event.id,
  type: event.type,
  apiId: "api",
  contentType: event.contentType,
  sha256: event.sha256,
  size: 1,
  acceptedAt: new Date(event.acceptedAt),
  owner,
  protocol: 2,
});

/** One publish (publisher.ts, commits.ts). An event without an id of its publisher's gets one here. */
export function* publish(world: World, process: Process, given: string | undefined): Program {
  const event: PublishedEvent = {
    id: given ?? newName(world, "own"),
    type: TYPE,
    contentType: "text/plain",
    body: { stored: true },
    sha256: "hash",
    acceptedAt: world.now,
    ...(given === undefined && { ownId: true as const }),
  };
  if (process.recent.has(event.id)) return void world.acknowledged.add(event.id);
  // The second publish of an id waits for the first, and is answered like it.
  if (process.underWay.has(event.id)) return;
  process.underWay.add(event.id);
  yield* commit(world, process, event);
  process.underWay.delete(event.id);
}

function* commit(world: World, process: Process, event: PublishedEvent): Program {
  const batch = takeBatch(world, process);
  if (!batch) return yield* travel(world, process, event);
  batch.pending++;
  try {
    const known = yield* insertEvents(world, [recordOf(event, batch.owner)]);
    batch.pending--;
    if (known.length > 0) return yield* existing(world, event);
    world.acknowledged.add(event.id);
    process.recent.set(event.id, event);
    process.payloads.add(event.id);
    beginEarly(world, process, batch.owner, event);
    batch.ready.push(event);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    batch.isClosed = true;
    begin(world, process, settleLater(world, process, batch, event));
    yield* travel(world, process, { ...event, tried: true });
  }
}

/** Answers a publish of an id that is on record (existing-event.ts). */
function* existing(world: World, event: PublishedEvent): Program {
  try {
    const record = (yield* readEvents(world, [event.id])).get(event.id);
    const answer = record && world.d.answerOf(record, event);
    if (typeof answer === "object" && answer.ok) world.acknowledged.add(event.id);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}

/** The start carries the payload of an event whose id this process made. Others are refused (carried.ts). */
function* travel(world: World, _process: Process, event: PublishedEvent): Program {
  if (!event.ownId) return;
  const carried: PublishedEvent = { ...event, body: { text: "payload" } };
  const outcome = yield* startDeliver(world, escapeEventId(event.id), { events: [carried] });
  if (outcome !== "unavailable") world.acknowledged.add(event.id);
}

/** What of a failed write is on record, once nothing can land any more (commit.ts). */
function* settleLater(world: World, process: Process, batch: Batch, event: PublishedEvent): Program {
  for (;;)
    try {
      yield* untilLanded(world);
      const records = yield* readEvents(world, [event.id]);
      const ready = batch.ready.map((each) => ({ event: each }));
      batch.ready.push(
        ...world.d.writtenOf([{ event }], records, { owner: batch.owner, ready }).map((each) => each.event),
      );
      batch.pending--;
      return;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
}

/** The batches that may be started now. What none was new of needs no start. */
export function startable(process: Process): Batch | undefined {
  for (const batch of process.batches)
    if (batch.isClosed && batch.pending === 0 && batch.ready.length === 0) process.owners.open.delete(batch.owner);
  process.batches = process.batches.filter(({ owner }) => process.owners.open.has(owner));
  return process.batches.find(({ pending, ready }) => pending === 0 && ready.length > 0);
}

/** Starts a batch until the engine has it (batches.ts, start-batch.ts). */
export function* starting(world: World, process: Process, batch: Batch): Program {
  batch.isClosed = true;
  process.batches.splice(process.batches.indexOf(batch), 1);
  for (;;) {
    const early = world.d.listingOf(process.name, batch.ready, (id) => process.early.get(id) ?? []);
    const outcome = yield* startDeliver(world, batch.owner, {
      events: batch.ready.map(byReference),
      ...(early && { early }),
      ...(batch.rerun && { rerun: true }),
      ...(batch.former && { former: batch.former }),
    });
    const next = world.d.afterStart(outcome);
    if (next === "done" || (next === "compare" && (yield* hasAll(world, process, batch)))) break;
    if (next === "again") yield* sleep(world, 200);
  }
  process.owners.open.delete(batch.owner);
}

/** Gives what the workflow of the owner lacks another owner. True when it lacks nothing (start-batch.ts). */
function* hasAll(world: World, process: Process, batch: Batch): Program<boolean> {
  try {
    const input = yield* eventsStarted(world, batch.owner);
    const missed = world.d.missedBy(input, batch.ready, ({ id }) => id);
    if (missed.length === 0) return true;
    const next = batch.next ?? takeOwner(world, process);
    if (next === undefined) {
      yield* sleep(world, 200);
      return false;
    }
    batch.next = next;
    batch.ready = yield* giveOwner(world, { from: batch.owner, to: next }, missed);
    process.owners.open.delete(batch.owner);
    batch.former = [...(batch.former ?? []), batch.owner];
    batch.owner = next;
    batch.rerun = true;
    delete batch.next;
    return batch.ready.length === 0;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    yield* sleep(world, 200);
    return false;
  }
}

export function* giveOwner<E extends { id: string }>(
  world: World,
  { from, to }: { from: string; to: string },
  events: readonly E[],
): Program<E[]> {
  for (const { id } of events) yield* takeOverEvent(world, id, from, to);
  const records = yield* readEvents(
    world,
    events.map(({ id }) => id),
  );
  return events.filter(({ id }) => records.get(id)?.owner === to);
}
