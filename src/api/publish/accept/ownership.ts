/**
 * Who owns an event, as the accepting side decides it. Pure functions, so that the model of the protocol (test/model)
 * and the code that runs decide by the same lines.
 *
 * They keep one rule. Each accepted event is in the input of exactly one started workflow, and its record names that
 * workflow as its owner.
 */
import { groupBy } from "../../../group-by.js";
import type { EventRecord } from "../../../store/model.js";
import type { StartOutcome } from "./start-workflow.js";

/** An announcement that was not renewed for so long is taken over by other processes, milliseconds. */
export const LEASE_MS = 15_000;
/**
 * Ids are used for so long after the last renewal, milliseconds. The rest of the lease covers a commit under way, which
 * gives up after 3.5 s.
 */
const USE_MS = 8_000;
/** The server ends a write after so long, milliseconds. A time in which it stands still does not count. */
const WRITE_MS = 3_500;
/** The store is asked each second, and an answer takes at most 3.5 s. So a longer silence is noticed, milliseconds. */
export const MOST_GAP_MS = 4_500;
/**
 * Once the store has answered for so long without a gap, a write that was sent before has landed or never will. A
 * process that lives has renewed its announcement by then, too.
 */
export const LANDED_MS = WRITE_MS + MOST_GAP_MS;

/** @param answeredForMs for how long the store has answered since the write was sent, without a gap (landed.ts) */
export const hasLanded = (answeredForMs: number): boolean => answeredForMs >= LANDED_MS;

/** Whether ids of an announcement may be given to new records, by the clock of its process. */
export const mayUseIds = ({ renewedAt, now }: { renewedAt: number; now: number }): boolean => now - renewedAt < USE_MS;

/**
 * Whether the announcement of another process is over.
 *
 * @param ageMs since the renewal, by the database's clock
 * @param hasEnded whether it is known that the process has ended. False when it cannot be known
 */
export const isOver = ({ ageMs, hasEnded }: { ageMs: number; hasEnded: boolean }): boolean =>
  hasEnded || ageMs >= LEASE_MS;

/**
 * What is done about an announcement that is over. `begin`: its process has ended, so what is on record is started, but
 * a write of it may still land. `finish`: nothing of it can land any more, so what was not started is started, and the
 * announcement goes.
 *
 * @param nothingLands whether this process has seen the announcement over for so long that `hasLanded`
 */
export function abandonmentOf({
  hasEnded,
  nothingLands,
}: {
  hasEnded: boolean;
  nothingLands: boolean;
}): "wait" | "begin" | "finish" {
  if (nothingLands) return "finish";
  // A lease that is over may only mean that the database stood still. A process that lives renews it in a moment.
  return hasEnded ? "begin" : "wait";
}

/** What another process starts of the records that it found, by owner. What was erased is left out: it is not sent. */
export const recordsByOwner = (records: readonly EventRecord[]): Map<string, EventRecord[]> =>
  groupBy(
    records.filter(({ expungedAt, sha256 }) => !expungedAt && sha256 !== ""),
    ({ owner }) => owner,
  );

/**
 * Of the events of a failed write, those that it recorded all the same in this batch. An id that the batch has already
 * was published again, and its record is the one of the first time.
 */
export function writtenOf<W extends { event: { id: string } }>(
  doubtful: readonly W[],
  records: ReadonlyMap<string, Pick<EventRecord, "owner">>,
  { owner, ready }: { owner: string; ready: readonly { event: { id: string } }[] },
): W[] {
  const had = new Set(ready.map(({ event }) => event.id));
  return doubtful.filter(({ event }) => records.get(event.id)?.owner === owner && !had.has(event.id));
}

/**
 * What follows a start. `done`: the workflow has all the events. `again`: it is not known, and the same start does no
 * harm. `compare`: it was started before, perhaps by another process with fewer events. Its input says which are
 * missing.
 */
export function afterStart(outcome: StartOutcome): "done" | "again" | "compare" {
  if (outcome === "unavailable") return "again";
  return outcome === "exists" ? "compare" : "done";
}

/**
 * Events on record under an owner that its workflow was started without. All of them when the engine does not know the
 * workflow any more: a rerun reads what was delivered.
 */
export const missedBy = <E>(
  input: ReadonlySet<string> | undefined,
  events: readonly E[],
  idOf: (event: E) => string,
): E[] => (input ? events.filter((event) => !input.has(idOf(event))) : [...events]);
