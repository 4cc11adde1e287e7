/** What a dispatch makes of attempts that were begun before its workflow was started. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { EarlyListing, EarlyOutcome, PublishedEvent } from "../../workflows/contract.js";
import { deliveryIdOf } from "../../workflows/event-id.js";
import type { AttemptResult } from "../attempt.js";
import type { EarlyTable } from "./early-attempts.js";
import type { EarlyEntry } from "./early-entries.js";
import { eventBytesOf, NO_BYTES } from "../event-bytes.js";
import type { FirstOutcome, Route } from "../first-attempts.js";

/** Attempts that the dispatch must not make again. */
export interface Begun {
  /** Events with such attempts. They are delivered by this dispatch, however wide the others are. */
  events: ReadonlySet<string>;
  /** Those of this process, which records them itself. */
  here: ReadonlyMap<string, EarlyEntry>;
  /** Those of another process, or of one that is gone, by delivery, with what to do where no record tells more. */
  elsewhere: ReadonlyMap<string, FirstOutcome>;
  /** Routes of such attempts that the catalogue does not name any more. */
  extra: readonly Route[];
}

export const NOTHING_BEGUN: Begun = { events: new Set(), here: new Map(), elsewhere: new Map(), extra: [] };

interface BegunDependencies {
  early?: EarlyTable;
  catalogue: Pick<Catalogue, "subscription">;
  /** Whether a process of this machine has ended. False for processes of other machines. */
  isGone?: (process: string) => boolean;
}

/**
 * Reads the listing of an input against the table of this process. The table knows more, so it wins. It is asked also
 * where the input lists nothing. Another process may have taken the events over while this one seemed to be lost.
 * `events` as in the input, because the listing names their places. What was begun for `foreign` ones is left to the
 * workflow that delivers them.
 */
export function begunOf(
  { early, catalogue, isGone = () => false }: BegunDependencies,
  listing: EarlyListing | undefined,
  events: readonly PublishedEvent[],
  foreign: ReadonlySet<string> = new Set(),
): Begun {
  const ids = events.map(({ id }) => id).filter((id) => !foreign.has(id));
  const here = early?.of(ids) ?? new Map<string, EarlyEntry>();
  if (!listing && here.size === 0) return NOTHING_BEGUN;
  // Asked once, and only where another process left an attempt under way: it is read from files of the system.
  let until: number | undefined;
  const elsewhere = new Map<string, FirstOutcome>();
  const extra: Route[] = [...here.values()].map(({ route }) => route);
  const begun = new Set([...here.values()].map(({ route }) => route.event.id));
  for (const { event: place, subscriptionId, outcome } of listing?.attempts ?? []) {
    const event = events[place];
    if (!event || foreign.has(event.id)) continue;
    begun.add(event.id);
    const deliveryId = deliveryIdOf(event.id, subscriptionId);
    if (here.has(deliveryId)) continue;
    elsewhere.set(
      deliveryId,
      outcome
        ? attempted(outcome)
        : { kind: "left", status: "pending", dueAt: (until ??= endOf(listing, isGone)), unsure: true },
    );
    const subscription = catalogue.subscription(subscriptionId);
    if (subscription) extra.push({ deliveryId, event: eventBytesOf(event, NO_BYTES), subscription });
  }
  return { events: begun, here, elsewhere, extra };
}

/** An attempt ends with its process. Only of a process that cannot be asked for is its deadline waited for. */
const endOf = (listing: EarlyListing | undefined, isGone: (process: string) => boolean): number =>
  listing && !isGone(listing.process) ? listing.until : Date.now();

/** The outcome as the other process listed it. Its details are known to that process alone. */
function attempted({ status, attempt, reason, dueAt }: EarlyOutcome): FirstOutcome {
  const made = {
    ...(attempt && { attempt: { ...attempt, number: 1, at: new Date(attempt.at) } }),
    ...(reason !== undefined && { reason }),
  };
  const result: AttemptResult =
    status === "retrying" ? { ...made, status, dueAt: dueAt ?? Date.now() } : { ...made, status };
  return { kind: "attempted", result };
}
