/** Which events of a workflow are its own to deliver: the unique id of the event record decides. */
import type { Logger } from "pino";
import type { Store } from "../store/store.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { EventBytes } from "./attempt.js";
import { eventRecord } from "../catalogue/event-record.js";

/**
 * A record made by the accepting process is taken on trust for so long; later its owner is read, because a process that
 * found the owner missing may have taken the event over (src/api/publish/accept/existing-event.ts, after 15 s).
 */
export const OWNER_TRUSTED_MS = 10_000;

export interface OwnEvents {
  /** Events to deliver. */
  own: PublishedEvent[];
  /** Resolves when their records are durable; the bytes may be sent before for ids that this service made itself. */
  recorded: Promise<void>;
  /** An earlier run may have got somewhere: delivery records must be read first. */
  rerun: boolean;
}

/**
 * Inserts the event records that are not there yet and drops events that another workflow owns.
 * Rejects with StoreError when the store does not answer; nothing has been sent then.
 */
export async function claimEvents(
  { store, catalogue, log }: { store: Pick<Store, "events" | "erasures">; catalogue: Catalogue; log: Logger },
  order: { owner: string; events: PublishedEvent[]; bytes: Map<string, EventBytes>; rerun: boolean },
): Promise<OwnEvents> {
  const { owner, bytes, rerun } = order;
  // What was expunged a moment ago is on record, whatever its place here says.
  const events = order.events.filter(({ id }) => !store.erasures.lately(id));
  const insert = (some: PublishedEvent[]): Promise<string[]> =>
    some.length === 0
      ? Promise.resolve([])
      : store.events.insertMany(
          some.map((event) => {
            const payload = bytes.get(event.id)?.bytes ?? new Uint8Array();
            return { record: eventRecord(event, payload.byteLength, catalogue, owner), payload };
          }),
        );

  const unrecorded = events.filter((event) => !event.recorded);
  const isOld = ({ acceptedAt }: PublishedEvent): boolean => Date.now() - acceptedAt > OWNER_TRUSTED_MS;
  // An own id as well: whoever reaches Temporal can start this very input again under the same workflow id, once that
  // has ended.
  const isCertain = (event: PublishedEvent): boolean => !rerun && event.ownId === true && !isOld(event);
  const certain = unrecorded.filter(isCertain);
  const doubtful = unrecorded.filter((event) => !isCertain(event));
  const late = events.filter((event) => event.recorded && (rerun || isOld(event)));

  const recorded = insert(certain).then((known) => {
    if (known.length > 0)
      log.warn({ owner, events: known }, "event records were there before: an earlier run of this dispatch made them");
  });
  // Whoever awaits it hears of a failure; until then it must not count as unhandled.
  recorded.catch(() => undefined);
  const known = await insert(doubtful);
  const toCheck = [...known, ...late.map(({ id }) => id)];
  if (toCheck.length === 0) return { own: events, recorded, rerun };
  const records = await store.events.getMany(toCheck);
  const foreign = new Set(toCheck.filter((id) => records.get(id)?.owner !== owner || records.get(id)?.expungedAt));
  if (foreign.size > 0)
    log.warn(
      { owner, events: [...foreign] },
      "events dropped: another workflow owns them, or their content was erased",
    );
  return { own: events.filter(({ id }) => !foreign.has(id)), recorded, rerun: true };
}
