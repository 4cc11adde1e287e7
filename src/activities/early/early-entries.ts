/** What was begun early in this process, by event, until the workflow of the event knows it. */
import { LRUCache } from "lru-cache";
import type { EarlyAttempt, EarlyListing, EarlyOutcome, PublishedEvent } from "../../workflows/contract.js";
import type { AttemptResult } from "../attempt.js";
import type { FirstOutcome, Route } from "../first-attempts.js";

/** An attempt that was begun here. */
export interface EarlyEntry {
  route: Route;
  /** It has ended by then, milliseconds since the epoch. */
  until: number;
  outcome?: FirstOutcome;
  /** Resolves once the outcome is on record: whether something is left to do. It never rejects. */
  recorded: Promise<boolean>;
}

/** The entries of one process. */
export interface EarlyEntries {
  add(eventId: string, entries: EarlyEntry[]): void;
  /** What was begun of the events of one workflow, for its input. */
  listing(events: readonly PublishedEvent[]): EarlyListing | undefined;
  /** What was begun of these events and is not forgotten, by delivery. */
  of(eventIds: Iterable<string>): Map<string, EarlyEntry>;
  /** The workflow of these events knows everything. */
  forget(eventIds: Iterable<string>): void;
}

/**
 * For entries of workflows that another process dispatches. The listing in the input tells that process what it must
 * know.
 */
const KEPT_MS = 10 * 60_000;
const KEPT_EVENTS = 50_000;

/** `process` names this process in the inputs of workflows. */
export function createEarlyEntries(process: string): EarlyEntries {
  /** Those that are in no input yet are bounded by the backlog of the publisher. */
  const unlisted = new Map<string, EarlyEntry[]>();
  const listed = new LRUCache<string, EarlyEntry[]>({ max: KEPT_EVENTS, ttl: KEPT_MS });
  const entriesOf = (id: string): EarlyEntry[] => unlisted.get(id) ?? listed.get(id) ?? [];
  return {
    add: (eventId, entries) => void unlisted.set(eventId, entries),
    listing(events) {
      const listing = listingOf(process, events, entriesOf);
      for (const { id } of events) {
        const entries = entriesOf(id);
        if (unlisted.delete(id)) listed.set(id, entries);
      }
      return listing;
    },
    of(eventIds) {
      const found = new Map<string, EarlyEntry>();
      for (const id of eventIds) for (const entry of entriesOf(id)) found.set(entry.route.deliveryId, entry);
      return found;
    },
    forget(eventIds) {
      for (const id of eventIds) if (!unlisted.delete(id)) listed.delete(id);
    },
  };
}

/** What a start says of the attempts that its process has begun. Undefined when there are none. */
export function listingOf(
  process: string,
  events: readonly { id: string }[],
  entriesOf: (eventId: string) => readonly ListedEntry[],
): EarlyListing | undefined {
  const attempts: EarlyAttempt[] = [];
  let until = 0;
  for (const [place, { id }] of events.entries())
    for (const entry of entriesOf(id)) {
      attempts.push(listedAttempt(place, entry));
      until = Math.max(until, entry.until);
    }
  return attempts.length === 0 ? undefined : { process, until, attempts };
}

type ListedEntry = Pick<EarlyEntry, "until" | "outcome"> & { route: { subscription: { id: string } } };

const listedAttempt = (event: number, { route, outcome }: ListedEntry): EarlyAttempt => ({
  event,
  subscriptionId: route.subscription.id,
  ...(outcome?.kind === "attempted" && { outcome: compact(outcome.result) }),
});

/** What another process needs to record it, should this one be gone. */
const compact = (result: AttemptResult): EarlyOutcome => ({
  status: result.status,
  ...(result.attempt && {
    attempt: {
      at: result.attempt.at.getTime(),
      outcome: result.attempt.outcome,
      durationMs: result.attempt.durationMs,
      ...(result.attempt.status !== undefined && { status: result.attempt.status }),
    },
  }),
  ...(result.reason !== undefined && { reason: result.reason }),
  ...(result.status === "retrying" && { dueAt: result.dueAt }),
});
