/** What a process does about the announcements of others (src/api/publish/accept/take-over.ts). */
import type { EventRecord } from "../../src/store/model.js";
import { fromRecord } from "../../src/api/publish/accept/start-workflow.js";
import { giveOwner, takeOwner } from "./accept.js";
import { lose } from "./early.js";
import { eventsStarted, startDeliver } from "./engine.js";
import type { Process } from "./process.js";
import { eventsOf, removeAnnouncement, untilLanded } from "./store.js";
import { begin, type Program, read, pause, Unavailable } from "./tasks.js";
import type { World } from "./world.js";

const LOOK_EVERY_MS = 5_000;

interface Seen {
  name: string;
  open: string[];
  renewedAt: number;
  ageMs: number;
}

export function* looking(world: World, process: Process): Program {
  for (;;) {
    try {
      yield* look(world, process);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
    yield* pause(world, LOOK_EVERY_MS);
  }
}

function* look(world: World, process: Process): Program {
  const all = yield* read(world, (): Seen[] =>
    [...world.announcements]
      .filter(([name]) => name !== process.name)
      .map(([name, { open, renewedAt }]) => ({ name, open: [...open], renewedAt, ageMs: world.now - renewedAt })),
  );
  const over = all.filter(({ name, ageMs }) => world.d.isOver({ ageMs, hasEnded: world.ended.has(name) }));
  for (const name of process.sightings.keys())
    if (!over.some((each) => each.name === name)) process.sightings.delete(name);
  for (const each of over) {
    const sighting = sighted(world, process, each);
    const { nothingLands } = sighting;
    const stage = world.d.abandonmentOf({ hasEnded: world.ended.has(each.name), nothingLands });
    if (stage === "wait" || (stage === "begin" && sighting.begun)) continue;
    // Also of one that lives: what it has not recorded is not seen by others.
    lose(world, each.name);
    const isComplete = yield* startAll(world, process, each.open, stage);
    sighting.begun = isComplete;
    if (stage === "finish" && isComplete) yield* removeAnnouncement(world, each.name, each.renewedAt);
  }
}

function sighted(world: World, process: Process, { name, renewedAt }: Seen) {
  const before = process.sightings.get(name);
  if (before?.renewedAt === renewedAt) return before;
  const sighting = { renewedAt, nothingLands: false, begun: false };
  process.sightings.set(name, sighting);
  begin(world, process, landing(world, sighting));
  return sighting;
}

function* landing(world: World, sighting: { nothingLands: boolean }): Program {
  yield* untilLanded(world);
  sighting.nothingLands = true;
}

function* startAll(world: World, process: Process, open: string[], stage: "begin" | "finish"): Program<boolean> {
  const { successors } = process;
  const ids = [...open, ...open.flatMap((owner) => successors.get(owner) ?? [])];
  const found = world.d.recordsByOwner(yield* eventsOf(world, ids));
  let isComplete = true;
  for (const owner of open.filter((each) => found.has(each) || successors.has(each))) {
    const records = found.get(owner) ?? [];
    const outcome = records.length > 0 ? yield* startOne(world, owner, records) : "exists";
    const next = world.d.afterStart(outcome);
    if (next === "again") isComplete = false;
    else if (next === "compare" && stage === "finish") {
      const given = found.get(successors.get(owner) ?? "") ?? [];
      if (!(yield* startMissed(world, process, owner, { records, given }))) isComplete = false;
    }
  }
  return isComplete;
}

const startOne = (world: World, owner: string, records: readonly EventRecord[], former?: string) =>
  startDeliver(world, owner, {
    events: records.map(fromRecord),
    rerun: true,
    ...(former !== undefined && { former: [former] }),
  });

function* startMissed(
  world: World,
  process: Process,
  owner: string,
  { records, given }: { records: readonly EventRecord[]; given: readonly EventRecord[] },
): Program<boolean> {
  const { successors, owners } = process;
  const missed =
    records.length > 0 ? world.d.missedBy(yield* eventsStarted(world, owner), records, ({ id }) => id) : [];
  const known = successors.get(owner);
  if (missed.length === 0 && known === undefined) return true;
  const next = known ?? takeOwner(world, process);
  if (next === undefined) return false;
  successors.set(owner, next);
  const all = [...given, ...(yield* giveOwner(world, { from: owner, to: next }, missed))];
  const outcome = all.length > 0 ? yield* startOne(world, next, all, owner) : "started";
  if (outcome === "unavailable") return false;
  owners.open.delete(next);
  successors.delete(owner);
  return true;
}
