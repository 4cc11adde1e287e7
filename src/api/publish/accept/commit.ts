/**
 * The commit: the records of many events in one write, majority and journaled. It is what makes an event accepted. The
 * unique `_id` of a record tells a new event from one that exists, whoever made its id.
 */
import type { Logger } from "pino";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import { eventRecord } from "../../../catalogue/event-record.js";
import { withinDeadline } from "../../../store/deadline.js";
import { StoreError } from "../../../store/store-error.js";
import type { Store } from "../../../store/store.js";
import type { Batch, Batches } from "./batches.js";
import { untilLanded } from "./landed.js";
import { writtenOf } from "./ownership.js";
import { leastLeft, type Waiting } from "./waiting-event.js";

export interface CommitDependencies {
  store: Pick<Store, "events">;
  catalogue: Catalogue;
  batches: Batches;
  log: Pick<Logger, "error" | "warn">;
}

/** What became of the events of one commit. */
export interface Committed {
  /** Durable, with the batch that will start them. Empty for a batch of which none was new. */
  accepted: Map<Batch, Waiting[]>;
  /** Their id was on record before. */
  known: Waiting[];
  /** Not known to be written: the store did not say so in time. */
  failed: Waiting[];
  /** Nothing of `failed` was sent to the store. */
  untried?: true;
}

/** Events of one batch in a commit. */
type Taken = Map<Batch, Waiting[]>;

/** Kept back of the time for an answer, milliseconds: so that a start can carry what the store does not take. */
const KEPT_BACK_MS = 1_500;

/** Milliseconds that a commit of these may take. */
export const commitTimeOf = (waiting: readonly Waiting[]): number => leastLeft(waiting) - KEPT_BACK_MS;

/** Writes the records of these events, each in the batch that it was given. Never rejects. */
export async function commit(dependencies: CommitDependencies, taken: Taken): Promise<Committed> {
  const { store, catalogue, batches, log } = dependencies;
  const all = [...taken.values()].flat();
  const records = [...taken].flatMap(([{ owner }, some]) =>
    some.map(({ event, payload }) => ({ record: eventRecord(event, payload.byteLength, catalogue, owner), payload })),
  );
  try {
    const known = new Set(
      await withinDeadline(
        commitTimeOf(all),
        () => store.events.insertMany(records),
        () => new StoreError("unavailable", "The store did not record the events in time."),
      ),
    );
    const accepted: Taken = new Map();
    for (const [batch, some] of taken) {
      accepted.set(
        batch,
        some.filter(({ event }) => !known.has(event.id)),
      );
    }
    return { accepted, known: all.filter(({ event }) => known.has(event.id)), failed: [] };
  } catch (error) {
    log.error({ err: error, events: all.length }, "events not committed: the store did not record them");
    for (const [batch, some] of taken) {
      batches.seal(batch);
      void settleLater(dependencies, batch, some);
    }
    return { accepted: new Map(), known: [], failed: all };
  }
}

/**
 * Some of a failed write may have been carried out, or may be later. Until a read has told which, their batch is not
 * started, and its owner id stays announced. A read is believed once nothing can land any more. What is on record is
 * delivered, whatever its publisher was told. A repeated publish of its id is answered as a duplicate.
 */
async function settleLater(
  { store, batches, log }: CommitDependencies,
  batch: Batch,
  doubtful: readonly Waiting[],
): Promise<void> {
  const ids = doubtful.map(({ event }) => event.id);
  for (;;) {
    await untilLanded(() => store.events.get(ids[0] ?? ""));
    const records = await store.events.getMany(ids).catch(() => undefined);
    if (!records) continue;
    const made = writtenOf(doubtful, records, batch);
    if (made.length > 0)
      log.warn(
        { owner: batch.owner, events: made.length },
        "events of a failed write are on record: they are delivered",
      );
    batches.committed(batch, made, doubtful.length - made.length);
    batches.pump();
    return;
  }
}
