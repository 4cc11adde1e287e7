/**
 * Starts what other processes accepted and did not start. A process that is gone has left its announcement behind, and
 * with it the owner ids that may be in records. Each owner is started under its own id, which the engine takes once. So
 * several processes may do this at the same time. If the lost process made the start after all, it is found to be
 * there.
 *
 * A write of the lost process may land after a look. So what is on record is started at once, and the announcement
 * stays until nothing can land any more. What came in between is not in the input of its owner, and gets another one.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../../by-the-clock.js";
import { sideBySide } from "../../../side-by-side.js";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { OwnerAnnouncement } from "../../../store/collections/owners.js";
import type { EventRecord } from "../../../store/model.js";
import type { Store } from "../../../store/store.js";
import type { OwnerIds } from "./owner-ids.js";
import { untilLanded } from "./landed.js";
import { abandonmentOf, afterStart, isOver, missedBy, recordsByOwner } from "./ownership.js";
import { giveOwner } from "./start-batch.js";
import {
  eventsStarted,
  fromRecord,
  START_WITHIN_MS,
  type StartDependencies,
  startDeliverEvent,
  type StartOutcome,
} from "./start-workflow.js";

export interface TakeOverDependencies {
  store: Pick<Store, "events" | "owners">;
  catalogue: Pick<Catalogue, "version">;
  starting: StartDependencies;
  /** Ids of this process, for events that the workflow of their owner does not have. */
  owners: Pick<OwnerIds, "ready" | "take" | "done">;
  log: Pick<Logger, "warn">;
  /** Names this process. */
  process: string;
  /** Whether a process of this machine has ended. False for processes of other machines. */
  isGone(process: string): boolean;
  /** Aborted when the process stops. */
  stopping?: AbortSignal;
}

const LOOK_EVERY_MS = 5_000;
/** Starts under way at once. */
const AT_ONCE = 4;

/** Looks at once and then by the clock. */
export function watchAbandoned(dependencies: TakeOverDependencies): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { look } = createTakeOver({ ...dependencies, stopping: stopping.signal });
  const looking = byTheClock(
    LOOK_EVERY_MS,
    async () => {
      await look().catch((error: unknown) => {
        if (!stopping.signal.aborted)
          dependencies.log.warn({ err: error }, "events of lost processes could not be looked for; tried again soon");
      });
    },
    { atOnce: true },
  );
  return {
    // Another process finds the same announcements. On FerretDB a look reads every event. After 60 kills and 35,000
    // events it took more than the 65 s that a stop has.
    stop: () => {
      stopping.abort();
      return looking.stop();
    },
  };
}

/** An announcement that was found to be over. */
interface Sighting {
  renewedAt: number;
  /** Nothing of its process can land any more. */
  nothingLands: boolean;
  /** What was on record then is started. */
  begun: boolean;
}

interface Looking extends TakeOverDependencies {
  /** Owners that got another one for events they were started without. It is this process's to start. */
  successors: Map<string, string>;
}

/** Takes over what is abandoned. */
export function createTakeOver(dependencies: TakeOverDependencies): {
  /** Looks now. Gives the number of events that were started. @throws StoreError, or the reason of the signal */
  look: () => Promise<number>;
} {
  const { store, process, stopping } = dependencies;
  const looking: Looking = { ...dependencies, successors: new Map() };
  const sightings = new Map<string, Sighting>();

  function sighted({ process: name, renewedAt }: OwnerAnnouncement): Sighting {
    const before = sightings.get(name);
    if (before?.renewedAt === renewedAt.getTime()) return before;
    const sighting = { renewedAt: renewedAt.getTime(), nothingLands: false, begun: false };
    sightings.set(name, sighting);
    void untilLanded(() => store.owners.all(), stopping).then((landed) => (sighting.nothingLands = landed));
    return sighting;
  }
  async function takeOver(announcement: OwnerAnnouncement, hasEnded: boolean): Promise<number> {
    const sighting = sighted(announcement);
    const stage = abandonmentOf({ hasEnded, nothingLands: sighting.nothingLands });
    if (stage === "wait" || (stage === "begin" && sighting.begun)) return 0;
    const { started, isComplete } = await startAll(looking, announcement, stage);
    sighting.begun = isComplete;
    // One that was renewed meanwhile lives, and keeps its announcement.
    if (stage === "finish" && isComplete) await store.owners.remove(announcement);
    return started;
  }

  return {
    async look() {
      let started = 0;
      const all = (await store.owners.all()).filter((each) => each.process !== process);
      // The lease is judged by the database's clock. Whether a process of this machine has ended can be asked, which is
      // sooner.
      const over = all.flatMap((each) => {
        const hasEnded = dependencies.isGone(each.process);
        return isOver({ ageMs: each.ageMs, hasEnded }) ? [{ announcement: each, hasEnded }] : [];
      });
      const names = new Set(over.map(({ announcement }) => announcement.process));
      for (const name of sightings.keys()) if (!names.has(name)) sightings.delete(name);
      for (const { announcement, hasEnded } of over) started += await takeOver(announcement, hasEnded);
      return started;
    },
  };
}

async function startAll(
  looking: Looking,
  { process, open }: OwnerAnnouncement,
  stage: "begin" | "finish",
): Promise<{ started: number; isComplete: boolean }> {
  const { store, log, successors, stopping } = looking;
  const ids = [...open, ...open.flatMap((owner) => successors.get(owner) ?? [])];
  const found = recordsByOwner(ids.length > 0 ? await store.events.ofOwners(ids, stopping) : []);
  const owners = open.filter((owner) => found.has(owner) || successors.has(owner));
  let started = 0;
  let isComplete = true;
  await sideBySide(AT_ONCE, owners, async (owner) => {
    stopping?.throwIfAborted();
    const records = found.get(owner) ?? [];
    const outcome = records.length > 0 ? await startOne(looking, owner, { records }) : "exists";
    if (outcome === "started") started += records.length;
    const next = afterStart(outcome);
    if (next === "again") isComplete = false;
    // Until nothing can land any more, there may be further ones.
    else if (next === "compare" && stage === "finish") {
      const missed = await startMissed(looking, owner, {
        records,
        given: found.get(successors.get(owner) ?? "") ?? [],
      });
      started += missed ?? 0;
      if (missed === undefined) isComplete = false;
    }
  });
  if (started > 0) log.warn({ process, events: started }, "started events that a lost process had accepted");
  return { started, isComplete };
}

function startOne(
  { starting, catalogue }: Looking,
  workflowId: string,
  { records, former }: { records: readonly EventRecord[]; former?: string },
): Promise<StartOutcome> {
  const input = {
    events: records.map(fromRecord),
    catalogueVersion: catalogue.version,
    // The lost process may have sent some of it already.
    rerun: true as const,
    ...(former !== undefined && { former: [former] }),
  };
  return startDeliverEvent(starting, { workflowId, input, ms: START_WITHIN_MS });
}

/**
 * Starts events that the workflow of their owner does not have, under a successor of it. `given` are those that a look
 * before has given to the successor. Gives how many, or undefined when it is to be tried again.
 */
async function startMissed(
  looking: Looking,
  owner: string,
  { records, given }: { records: readonly EventRecord[]; given: readonly EventRecord[] },
): Promise<number | undefined> {
  const { store, owners, starting, successors } = looking;
  const idOf = ({ id }: EventRecord): string => id;
  const missed = records.length > 0 ? missedBy(await eventsStarted(starting, owner), records, idOf) : [];
  const known = successors.get(owner);
  if (missed.length === 0 && known === undefined) return 0;
  if (known === undefined && !(await owners.ready(START_WITHIN_MS))) return undefined;
  // The same one when this is tried again: some records name it already.
  const next = known ?? owners.take();
  if (next === undefined) return undefined;
  successors.set(owner, next);
  const all = [...given, ...(await giveOwner({ store, from: owner, to: next }, missed, idOf))];
  const outcome = all.length > 0 ? await startOne(looking, next, { records: all, former: owner }) : "started";
  if (outcome === "unavailable") return undefined;
  owners.done(next);
  successors.delete(owner);
  return all.length;
}
