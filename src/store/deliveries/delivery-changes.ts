/**
 * Changes of deliveries. Each delivery is read, and the change is decided and written as a compare-and-set on its
 * sequence number. So a write that was given up and arrives after a newer one changes nothing. A settled delivery stays
 * settled unless somebody asks for more.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Long, type AnyBulkWriteOperation, type Collection, MongoServerError } from "mongodb";
import { createPlaces } from "../../side-by-side.js";
import { eventOfDelivery } from "../../workflows/event-id.js";
import { findByIds } from "../mongo/batch-insert.js";
import {
  ATTEMPTS_KEPT,
  bare,
  type DeliveryDocument,
  deliveryOf,
  sealDetail,
  attemptSummaryOf,
  lastAttemptOf,
  WITHOUT_DETAILS,
} from "./delivery-document.js";
import { guarded, type Within } from "../mongo/driver-errors.js";
import { changedTimes } from "../mongo/guards.js";
import { createExclusiveTurns } from "../mongo/exclusive.js";
import type { DataKey, KeyScope } from "../sealing/data-key.js";
import { StoreError } from "../store-error.js";
import type { DeliveryChange, RefusedChange } from "../store.js";

/** Fields to set and to remove. */
export interface Update {
  set: Record<string, unknown>;
  unset: string[];
}
export interface Decision {
  update?: Update;
  refused?: RefusedChange["why"];
}

/**
 * Decides for each of these deliveries by its present state, and writes. Gives the refused changes. Throws StoreError
 * `unavailable`.
 */
export type ChangeDeliveries = <C extends { id: string }>(
  changes: readonly C[],
  decide: (current: DeliveryDocument, change: C) => Decision,
  /** Told of each change that was made, with the delivery as it was before. */
  made?: (before: DeliveryDocument, change: C) => void,
) => Promise<RefusedChange[]>;

/** Conflicts before giving up. Two processes that change the same delivery at the same time are rare. */
const TRIES = 20;

/**
 * FerretDB keeps one of its 100 SQLite connections for each update of a write until the write ends. If a write has 100
 * updates, or several smaller writes come at once, then it waits for ever for the next connection. The whole database
 * hangs. So at most 8 × 4 updates are under way.
 */
const FERRETDB_UPDATES = 8;
const FERRETDB_WRITES_AT_ONCE = 4;

/**
 * FerretDB finds a document by its index only if the filter is `_id` alone. With the sequence number beside it, each
 * update reads the whole collection (50 µs a document). So there the comparison is part of the update. It adds 2^62 to
 * a number that belongs to the present sequence number. The second time, the sum overflows 64 bits and the server
 * refuses the whole update.
 */
const SPEND = Long.fromString("4611686018427387904");
const BAD_VALUE = 2;
/** Sequence numbers whose mark is kept. A write would have to be late by more changes of its delivery than this. */
const SPENT_KEPT = 64;

interface Write {
  id: string;
  seq: number;
  set: Record<string, unknown>;
  unset: string[];
}

type Tried<C> = Map<string, { before: DeliveryDocument; change: C }>;

/** Changes of the deliveries in a collection, one after another for each of them within this process. */
export function createDeliveryChanges(
  collection: Collection<DeliveryDocument>,
  { ferretDb }: { ferretDb: boolean },
): ChangeDeliveries {
  const inTurn = createExclusiveTurns();
  const write = ferretDb ? createFerretDbWrite(collection) : (writes: Write[]) => writeAll(collection, writes);

  /** Notes in `tried` what it writes, because after a conflict some of it is written and the rest is not. */
  async function round<C extends { id: string }>(
    changes: readonly C[],
    decide: (current: DeliveryDocument, change: C) => Decision,
    tried: Tried<C>,
  ): Promise<{ refused: RefusedChange[]; made: boolean }> {
    const found = new Map(
      (
        await findByIds(
          collection,
          changes.map(({ id }) => id),
          { ferretDb, projection: WITHOUT_DETAILS },
        )
      ).map((document) => [document._id, document]),
    );
    const refused: RefusedChange[] = [];
    const writes: Write[] = [];
    for (const change of changes) {
      const current = found.get(change.id);
      const { update, refused: why }: Decision = current ? decide(current, change) : { refused: "missing" };
      if (why) refused.push({ id: change.id, why, ...(current && { stands: deliveryOf(current) }) });
      if (update) writes.push({ id: change.id, seq: current?.seq ?? 0, ...update });
      if (update && current) tried.set(change.id, { before: current, change });
      // Another writer was first, so the write of the round before was not made.
      else if (why === "outdated" || why === "missing") tried.delete(change.id);
    }
    return { refused, made: writes.length === 0 || (await write(writes)) };
  }

  return (changes, decide, made) =>
    inTurn(
      changes.map(({ id }) => id),
      async () => {
        const refused: RefusedChange[] = [];
        for (const some of withoutRepeats(changes)) {
          const tried: Tried<(typeof some)[number]> = new Map();
          for (let tries = 1; ; tries++) {
            // After a conflict all of them are read again. The ones that were written are then found unchanged.
            const result = await round(some, decide, tried);
            if (result.made) {
              refused.push(...result.refused);
              if (made) for (const { before, change } of tried.values()) made(before, change);
              break;
            }
            if (tries === TRIES)
              throw new StoreError("unavailable", "A delivery is being changed by too many at once. Try again.");
            await delay(Math.random() * 10);
          }
        }
        return refused;
      },
    );
}

/** In runs in which no delivery is there twice, each delivery's changes in their order. */
function withoutRepeats<C extends { id: string }>(changes: readonly C[]): C[][] {
  const runs: C[][] = [];
  const seen = new Map<string, number>();
  for (const change of changes) {
    const nth = seen.get(change.id) ?? 0;
    seen.set(change.id, nth + 1);
    (runs[nth] ??= []).push(change);
  }
  return runs;
}

/** False when one of them was not as it had been read. That one is not written then. */
async function writeAll(collection: Collection<DeliveryDocument>, writes: Write[]): Promise<boolean> {
  const operations = writes.map(({ id, seq, set, unset }): AnyBulkWriteOperation<DeliveryDocument> => ({
    updateOne: { filter: changedTimes(id, seq), update: { $set: { ...set, seq: seq + 1 }, ...unsetting(unset) } },
  }));
  return (
    (await guarded((within) => collection.bulkWrite(operations, { ...within, ordered: false }))).matchedCount ===
    writes.length
  );
}

/** The same for FerretDB. */
function createFerretDbWrite(collection: Collection<DeliveryDocument>): (writes: Write[]) => Promise<boolean> {
  const fewAtOnce = createPlaces(FERRETDB_WRITES_AT_ONCE);
  const operationOf = ({ id, seq, set, unset }: Write): AnyBulkWriteOperation<DeliveryDocument> => ({
    updateOne: {
      filter: { _id: id },
      update: {
        $set: { ...set, seq: seq + 1 },
        $inc: { [`spent.${seq}`]: SPEND },
        ...unsetting(seq < SPENT_KEPT ? unset : [...unset, `spent.${seq - SPENT_KEPT}`]),
      },
    },
  });
  async function writeSome(some: Write[], within: Within): Promise<boolean> {
    try {
      await collection.bulkWrite(some.map(operationOf), { ...within, ordered: true });
      return true;
    } catch (error) {
      // The updates before this one are made, those behind it are not.
      if (error instanceof MongoServerError && error.code === BAD_VALUE) return false;
      throw error;
    }
  }
  return (writes) =>
    fewAtOnce(async () => {
      let all = true;
      for (let from = 0; from < writes.length; from += FERRETDB_UPDATES) {
        all = (await guarded((within) => writeSome(writes.slice(from, from + FERRETDB_UPDATES), within))) && all;
      }
      return all;
    });
}

const unsetting = (fields: string[]) =>
  fields.length > 0 ? { $unset: Object.fromEntries(fields.map((field) => [field, "" as const])) } : {};

/**
 * What a recorded change does, by the present state of its delivery. `mayKeep` says whether details of attempts may be
 * stored for the event.
 */
export const decideRecord =
  (at: Date, keys: Map<KeyScope, DataKey>, mayKeep: (eventId: string) => boolean) =>
  (current: DeliveryDocument, change: DeliveryChange): Decision => {
    // As if it were gone already, which it will be in a moment.
    if (current.removing) return { refused: "missing" };
    const stays = !mayLeave(current.status, change) && current.status !== change.status;
    const refused = stays ? { refused: "settled" as const } : {};
    if (isMade(current, change)) return refused;
    const { attempt } = change;
    const known = change.attempts ?? (attempt && change.attemptCount !== undefined ? attempt.number - 1 : undefined);
    if (known !== undefined && known !== current.attemptCount) return { refused: "outdated" };
    if (stays && !attempt) return refused;
    const kept = attempt && (mayKeep(eventOfDelivery(current._id)) ? attempt : bare(attempt));
    // The delivery was settled while this attempt was under way. The attempt was made, so it is recorded, but the
    // status stays.
    const { id, groupId, attemptCount } = change;
    const newest = attempt !== undefined && attempt.number >= current.attemptCount;
    const told = stays ? { id, groupId, attemptCount } : change;
    return { update: updateOf({ ...told, attempt: kept }, { at, keys, newest }), ...refused };
  };

/** It is recorded already: an activity ran again, or the answer to an earlier write was lost. */
function isMade(current: DeliveryDocument, { attempt, status, ...fields }: DeliveryChange): boolean {
  if (attempt) return current.attempts?.[attempt.number] === attemptSummaryOf(attempt);
  const same = (name: "reason" | "workflowId" | "attemptCount"): boolean =>
    fields[name] === undefined || (fields[name] ?? undefined) === current[name];
  return (
    current.status === status &&
    same("reason") &&
    same("workflowId") &&
    same("attemptCount") &&
    (fields.nextAttemptAt === undefined || fields.nextAttemptAt?.getTime() === current.nextAttemptAt?.getTime())
  );
}

/**
 * Whether a delivery may leave its status by this change. No delivery leaves `delivered`, `exhausted` or `cancelled` by
 * itself, and a `parked` one waits for a person too. A retry by hand may leave all of them. A cancel may only leave
 * `parked`.
 */
export function mayLeave(from: DeliveryDocument["status"], { asked, status }: DeliveryChange): boolean {
  if (from === "parked") return asked === true;
  return from !== "delivered" && from !== "exhausted" && from !== "cancelled"
    ? true
    : asked === true && status !== "cancelled";
}

type Told = { [field in keyof DeliveryChange]?: DeliveryChange[field] | undefined } & Pick<DeliveryChange, "id">;

interface Recording {
  at: Date;
  keys: Map<KeyScope, DataKey>;
  /** No later attempt is recorded. */
  newest: boolean;
}

function updateOf(change: Told, { at, keys, newest }: Recording): Update {
  const { id, groupId, attempt, attempts: _known, asked: _asked, ...fields } = change;
  const set: Record<string, unknown> = { updatedAt: at };
  const unset: string[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (value === null) unset.push(field);
    else if (value !== undefined) set[field] = value;
  }
  if (attempt) {
    const { number } = attempt;
    set[`attempts.${number}`] = attemptSummaryOf(attempt);
    if (newest) set["last"] = lastAttemptOf(attempt);
    const sealed = sealDetail(id, groupId, attempt, keys);
    if (sealed) set[`details.${number}`] = sealed;
    // `$push` with `$slice` would do it as well, but twice for an attempt recorded twice.
    if (number > ATTEMPTS_KEPT) unset.push(`attempts.${number - ATTEMPTS_KEPT}`, `details.${number - ATTEMPTS_KEPT}`);
  }
  return { set, unset };
}
