/**
 * What a dispatch does with one route. A pure function, so that the model of the protocol (test/model) and the dispatch
 * decide by the same lines.
 */
import type { Delivery } from "../store/model.js";
import type { EarlyEntry } from "./early/early-entries.js";
import type { FirstOutcome } from "./first-attempts.js";

/** What is known of a route before anything is sent. */
export interface RouteKnowledge<Entry = EarlyEntry> {
  /** An attempt that this process began before the dispatch. */
  here: Entry | undefined;
  /** The outcome of an attempt of this process that could not be recorded yet. */
  kept: FirstOutcome | undefined;
  /** The record, where it was read. */
  before: Delivery | undefined;
  /** What to record of an attempt that another process began. */
  elsewhere: FirstOutcome | undefined;
  /** The filter of the subscription does not want the event. */
  excluded: boolean;
}

export type RouteDecision<Entry = EarlyEntry> =
  | { does: "adopt"; entry: Entry }
  | { does: "record"; outcome: FirstOutcome }
  | { does: "go-on"; before: Delivery }
  | { does: "attempt" }
  | { does: "nothing" };

/**
 * Whether the record of a route is read before the dispatch decides. It is read where another process may have made it.
 */
export const isDoubtful = ({ rerun, elsewhere }: { rerun: boolean; elsewhere: boolean }): boolean => rerun || elsewhere;

/** How long a rerun trusts what it has read of the records, milliseconds. */
const FRESH_MS = 1_000;
/** The engine gives the task of a worker that is not heard of to another one after 10 s, and not before. */
const ALONE_MS = 8_000;

/** Whether a record is read (again) before an attempt, because another run may have written it since this one began. */
export const isOutOfDate = ({ rerun, since, now }: { rerun: boolean; since: number; now: number }): boolean =>
  now - since > (rerun ? FRESH_MS : ALONE_MS);

/** Who goes on with a route: an attempt was begun before, a record says so, or this dispatch makes the attempt. */
export function decideRoute<Entry>(known: RouteKnowledge<Entry>): RouteDecision<Entry> {
  const { here, kept, before, elsewhere, excluded } = known;
  if (here) return { does: "adopt", entry: here };
  // Also where a record is there: it may be that of an earlier try, which landed late.
  if (kept) return { does: "record", outcome: kept };
  if (before) return { does: "go-on", before };
  if (elsewhere) return { does: "record", outcome: elsewhere };
  // A filter that was changed between two runs leaves alone what the first one made.
  return excluded ? { does: "nothing" } : { does: "attempt" };
}
