/**
 * Starts what other processes accepted and did not start. A process that is gone has left its announcement behind, and
 * with it the owner ids that may be in records. Each owner is started under its own id, which the engine takes once: so
 * several processes may do this at the same time, and a start that was made after all is found to be there.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../../by-the-clock.js";
import { groupBy } from "../../../group-by.js";
import { sideBySide } from "../../../side-by-side.js";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { OwnerAnnouncement } from "../../../store/collections/owners.js";
import type { EventRecord } from "../../../store/model.js";
import type { Store } from "../../../store/store.js";
import { LEASE_MS } from "./owner-ids.js";
import { fromRecord, START_WITHIN_MS, type StartDependencies, startDeliverEvent } from "./start-workflow.js";

export interface TakeOverDependencies {
  store: Pick<Store, "events" | "owners">;
  catalogue: Pick<Catalogue, "version">;
  starting: StartDependencies;
  log: Pick<Logger, "warn">;
  /** Names this process. */
  process: string;
  /** Whether a process of this machine has ended; false for processes of other machines. */
  isGone(process: string): boolean;
}

const LOOK_EVERY_MS = 5_000;
/** Starts under way at once. */
const AT_ONCE = 4;

/** Looks at once and then by the clock. */
export function watchAbandoned(dependencies: TakeOverDependencies): { stop(): Promise<void> } {
  const look = async (): Promise<void> => {
    await takeOver(dependencies).catch((error: unknown) =>
      dependencies.log.warn({ err: error }, "events of lost processes could not be looked for; tried again soon"),
    );
  };
  return byTheClock(LOOK_EVERY_MS, look, { atOnce: true });
}

/** Takes over what is abandoned now; gives the number of events that were started. @throws StoreError */
export async function takeOver(dependencies: TakeOverDependencies): Promise<number> {
  const { store, process } = dependencies;
  let started = 0;
  for (const announcement of await store.owners.all()) {
    if (announcement.process === process) continue;
    // The lease is judged by the database's clock; a process of this machine can be asked, which is sooner.
    if (announcement.ageMs < LEASE_MS && !dependencies.isGone(announcement.process)) continue;
    started += await startAll(dependencies, announcement);
  }
  return started;
}

async function startAll(dependencies: TakeOverDependencies, announcement: OwnerAnnouncement): Promise<number> {
  const { store, log } = dependencies;
  const records = announcement.open.length > 0 ? await store.events.ofOwners(announcement.open) : [];
  // What was erased is left out: nothing of it is sent any more.
  const owners = groupBy(
    records.filter(({ expungedAt, sha256 }) => !expungedAt && sha256 !== ""),
    ({ owner }) => owner,
  );
  let started = 0;
  let isComplete = true;
  await sideBySide(AT_ONCE, [...owners], async ([owner, some]) => {
    const outcome = await startOne(dependencies, owner, some);
    if (outcome === "unavailable") isComplete = false;
    if (outcome === "started") started += some.length;
  });
  if (started > 0)
    log.warn({ process: announcement.process, events: started }, "started events that a lost process had accepted");
  // One that was renewed meanwhile lives, and keeps its announcement.
  if (isComplete) await store.owners.remove(announcement);
  return started;
}

function startOne(
  { starting, catalogue }: TakeOverDependencies,
  workflowId: string,
  records: readonly EventRecord[],
): ReturnType<typeof startDeliverEvent> {
  const input = {
    events: records.map(fromRecord),
    catalogueVersion: catalogue.version,
    // The lost process may have sent some of it already.
    rerun: true as const,
  };
  return startDeliverEvent(starting, { workflowId, input, ms: START_WITHIN_MS });
}
