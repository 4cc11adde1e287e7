/** Which events of a workflow are its own to deliver: the unique id of the event record decides. */
import type { Logger } from "pino";
import type { Store } from "../store/store.js";
import { readRecords } from "../store/read-records.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { EventBytes } from "./attempt.js";
import { eventRecord } from "../catalogue/event-record.js";
import { type EventClaim, claimOf, ownershipOf } from "./event-claims.js";

export interface OwnEvents {
  /** Events to deliver. */
  own: PublishedEvent[];
  /** Events that another workflow delivers, by id. What was begun for them is that one's to adopt. */
  foreign: ReadonlySet<string>;
  /** Resolves when their records are durable. The bytes may be sent before for ids that this service made itself. */
  recorded: Promise<void>;
  /** An earlier run may have got somewhere: delivery records must be read first. */
  rerun: boolean;
}

/**
 * Inserts the event records that are not there yet and drops events that another workflow owns. Rejects with StoreError
 * when the store does not answer. Nothing has been sent then.
 */
export async function claimEvents(
  { store, catalogue, log }: { store: Pick<Store, "events" | "erasures">; catalogue: Catalogue; log: Logger },
  order: {
    owner: string;
    events: PublishedEvent[];
    bytes: Map<string, EventBytes>;
    rerun: boolean;
    /** Aborted when the engine gives the dispatch up. */
    signal?: AbortSignal;
  },
): Promise<OwnEvents> {
  const { owner, bytes, rerun, signal } = order;
  const some: Record<EventClaim, PublishedEvent[]> = {
    erased: [],
    trust: [],
    look: [],
    insert: [],
    "insert-beside": [],
  };
  for (const event of order.events)
    some[claimOf(event, { rerun, erasedLately: store.erasures.lately(event.id), now: Date.now() })].push(event);
  const insert = (events: PublishedEvent[]): Promise<string[]> =>
    events.length === 0
      ? Promise.resolve([])
      : store.events.insertMany(
          events.map((event) => {
            const payload = bytes.get(event.id)?.bytes ?? new Uint8Array();
            return { record: eventRecord(event, payload.byteLength, catalogue, owner), payload };
          }),
        );

  const recorded = insert(some["insert-beside"]).then((known) => {
    if (known.length > 0)
      log.warn({ owner, events: known }, "event records were there before: an earlier run of this dispatch made them");
  });
  // The caller that awaits it hears of a failure. Until then it must not count as unhandled.
  recorded.catch(() => undefined);
  const known = await insert(some.insert);
  const toCheck = [...known, ...some.look.map(({ id }) => id)];
  const erased = new Set(some.erased);
  const events = order.events.filter((event) => !erased.has(event));
  if (toCheck.length === 0) return { own: events, foreign: new Set(), recorded, rerun };
  const records = await readRecords({ ids: toCheck, read: (some) => store.events.getMany(some, signal), log, signal });
  const verdicts = new Map(toCheck.map((id) => [id, ownershipOf(records.get(id), owner)]));
  const dropped = toCheck.filter((id) => verdicts.get(id) !== "own");
  if (dropped.length > 0)
    log.warn({ owner, events: dropped }, "events dropped: another workflow owns them, or their content was erased");
  return {
    own: events.filter(({ id }) => (verdicts.get(id) ?? "own") === "own"),
    foreign: new Set(dropped.filter((id) => verdicts.get(id) === "foreign")),
    recorded,
    rerun: true,
  };
}
