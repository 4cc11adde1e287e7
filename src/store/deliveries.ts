/**
 * The collection of deliveries, each with its attempts. Hot: compact documents, one batched write for a batch. Inserting costs
 * 0.03 ms of our CPU a delivery, sealing included, and 0.12 ms of the stand-in's (in batches of 200).
 */
import { Binary, type AnyBulkWriteOperation, type Collection } from "mongodb";
import { SETTLED_STATUSES } from "../workflows/contract.js";
import { eventOfDelivery } from "../workflows/event-id.js";
import { findByIds, insertNew } from "./batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import { createTurns } from "./exclusive.js";
import { keysFor } from "./events.js";
import type { DataKey, Keyring, KeyScope, SealContext } from "./keyring.js";
import type { Attempt, AttemptDetail, Delivery } from "./model.js";
import { conditions, createDeliveryQueries } from "./delivery-queries.js";
import { findPage, oneOf } from "./paging.js";
import { StoreError, type DeliveryChange, type DeliveryStore } from "./store.js";

/** Attempts that a delivery keeps, the newest ones. */
export const ATTEMPTS_KEPT = 50;

/**
 * A delivery at rest. Attempts lie under their number, so that recording one twice (a retried activity) changes nothing;
 * their details lie apart, so that lists can leave them out. The event id, escaped, is the first part of `_id`.
 */
export interface DeliveryDocument {
  _id: string;
  subscriptionId: string;
  groupId: string;
  eventType: string;
  status: Delivery["status"];
  createdAt: Date;
  updatedAt: Date;
  attemptCount: number;
  nextAttemptAt?: Date;
  workflowId?: string;
  reason?: string;
  /** `<time> <outcome> <status or -> <milliseconds>`: as text a delivery costs the stand-in 0.12 ms to insert, as four fields 0.16. */
  attempts?: Record<string, string>;
  /** Sealed JSON of the detail of each attempt. */
  details?: Record<string, Binary>;
}
type Found = Omit<DeliveryDocument, "details"> & Pick<DeliveryDocument, "details">;

const WITHOUT_DETAILS = { details: 0 };

/**
 * FerretDB keeps one of its 100 SQLite connections for every update of a write until the write ends: a write of 100 updates, or several
 * smaller ones at once, waits for ever for the next connection and hangs the whole database. So at most 8 × 4 updates are under way.
 */
const STAND_IN_UPDATES = 8;
const STAND_IN_WRITES_AT_ONCE = 4;

async function inSteps<T>(items: T[], write: (some: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += STAND_IN_UPDATES) await write(items.slice(from, from + STAND_IN_UPDATES));
}

/** Runs at most `most` at once; the others wait in the order in which they came. */
function createLimit(most: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= most) await new Promise<void>((resume) => waiting.push(resume));
    else running++;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** The delivery store over its collection. */
export function createDeliveryStore(
  collection: Collection<DeliveryDocument>, { keyring, standIn, expungedLately }: { keyring: Keyring; standIn: boolean; expungedLately: ReadonlySet<string> },
): DeliveryStore {
  const inTurn = createTurns();
  const fewAtOnce = createLimit(STAND_IN_WRITES_AT_ONCE);
  /** What an attempt under way at the time of an erasure would bring back is left out. */
  const mayKeep = (deliveryId: string): boolean => expungedLately.size === 0 || !expungedLately.has(eventOfDelivery(deliveryId));
  const kept = <T extends { id: string; attempts: Attempt[] }>(delivery: T): T => (mayKeep(delivery.id) ? delivery : { ...delivery, attempts: delivery.attempts.map(bare) });

  async function write(changes: readonly { id: string }[], operations: AnyBulkWriteOperation<DeliveryDocument>[]): Promise<void> {
    // In order only when one delivery is there twice: unordered lets the server go on after a failure.
    const ordered = new Set(changes.map(({ id }) => id)).size < changes.length;
    const run = (): Promise<unknown> =>
      standIn ? fewAtOnce(() => inSteps(operations, (some) => guarded((within) => collection.bulkWrite(some, { ...within, ordered })))) : guarded((within) => collection.bulkWrite(operations, { ...within, ordered }));
    // The stand-in loses one of two updates of the same document at the same time. Within a process they wait for each other; a
    // lock over all processes would cost more than the write, and a delivery is in the care of one workflow.
    await (standIn ? inTurn(changes.map(({ id }) => id), run) : run());
  }

  return {
    ...createDeliveryQueries(collection),
    async insertMany(given) {
      const deliveries = given.map(kept);
      const keys = await keysFor(keyring, deliveries.filter(({ attempts }) => attempts.some(({ detail }) => detail)).map(scopeOf));
      return insertNew(collection, deliveries.map((delivery) => documentOf(delivery, keys)));
    },
    async get(id) {
      const [document] = await findByIds(collection, [id], { standIn });
      return document && openDelivery(document, keyring);
    },
    async getMany(ids) {
      const found = await findByIds(collection, ids, { standIn, projection: WITHOUT_DETAILS });
      return new Map(found.map((document) => [document._id, deliveryOf(document)]));
    },
    async list(page, filter) {
      const { data, ...rest } = await findPage({ collection, timeField: "createdAt", filter: conditions(filter), page, projection: WITHOUT_DETAILS });
      return { data: data.map(deliveryOf), ...rest };
    },
    async record(given) {
      if (given.length === 0) return;
      const changes = given.map((change) => (change.attempt && !mayKeep(change.id) ? { ...change, attempt: bare(change.attempt) } : change));
      const keys = await keysFor(keyring, changes.flatMap(({ attempt, groupId }) => (attempt?.detail && groupId !== undefined ? scopeOf({ groupId }) : [])));
      const at = new Date();
      await write(changes, changes.map((change) => updateOf(change, at, keys)));
    },
    async expungeDetails(eventId) {
      const filter = { $and: [...conditions({ eventId }), { details: { $exists: true } }] };
      const found = await guarded((within) => collection.find(filter, { ...within, projection: { _id: 1 } }).toArray(), LIST_DEADLINE_MS);
      const changes = found.map(({ _id: id }) => ({ id }));
      if (changes.length > 0) await write(changes, changes.map(({ id }) => ({ updateOne: { filter: { _id: id }, update: { $unset: { details: "" } } } })));
      return changes.length > 0;
    },
    async openWorkflows(subscriptionId) {
      const ids: unknown[] = await guarded(() => collection.distinct("workflowId", { subscriptionId, status: { $nin: [...SETTLED_STATUSES] } }), LIST_DEADLINE_MS);
      return ids.filter((id) => typeof id === "string");
    },
    async oldestUndelivered() {
      const filter = oneOf<DeliveryDocument>("status", ["pending", "retrying", "throttled", "held"]);
      const [oldest] = await guarded(
        (within) => collection.find(filter, { ...within, projection: { createdAt: 1 } }).sort({ createdAt: 1 }).limit(1).toArray(),
        LIST_DEADLINE_MS,
      );
      return oldest?.createdAt;
    },
  };
}

const scopeOf = ({ groupId }: { groupId: string }): KeyScope => `group/${groupId}`;
const bare = ({ detail: _detail, ...attempt }: Attempt): Attempt => attempt;

const detailOf = (id: string, number: number | string, owner: KeyScope): SealContext => ({ collection: "deliveries", id, field: `attempts.${number}`, owner });

function sealDetail(id: string, groupId: string | undefined, attempt: Attempt, keys: Map<KeyScope, DataKey>): Binary | undefined {
  if (!attempt.detail) return undefined;
  if (groupId === undefined) throw new Error(`the attempt detail of ${id} needs the groupId that seals it`);
  const owner = scopeOf({ groupId });
  const key = keys.get(owner);
  // The group was deleted while the attempt was under way.
  if (!key) return undefined;
  return new Binary(key.seal(detailOf(id, attempt.number, owner), Buffer.from(JSON.stringify(attempt.detail))));
}

function documentOf(delivery: Delivery, keys: Map<KeyScope, DataKey>): DeliveryDocument {
  const { id, eventId: _eventId, attempts, ...fields } = delivery;
  const document: DeliveryDocument = { _id: id, ...fields };
  for (const attempt of attempts.slice(-ATTEMPTS_KEPT)) {
    (document.attempts ??= {})[attempt.number] = summaryOf(attempt);
    const sealed = sealDetail(id, delivery.groupId, attempt, keys);
    if (sealed) (document.details ??= {})[attempt.number] = sealed;
  }
  return document;
}

const summaryOf = ({ at, outcome, status, durationMs }: Attempt): string => `${at.toISOString()} ${outcome} ${status ?? "-"} ${durationMs}`;

function attemptOf(number: number, summary: string): Attempt {
  const [at = "", outcome = "", status = "-", durationMs] = summary.split(" ");
  return { number, at: new Date(at), outcome, ...(status !== "-" && { status: Number(status) }), durationMs: Number(durationMs) };
}

/** Everything but the details. */
function deliveryOf(document: Found): Delivery {
  const { _id: id, attempts, details: _details, ...fields } = document;
  const numbered = Object.entries(attempts ?? {}).map(([number, summary]) => attemptOf(Number(number), summary));
  return { id, eventId: eventOfDelivery(id), ...fields, attempts: numbered.sort((a, b) => a.number - b.number) };
}

async function openDelivery(document: Found, keyring: Keyring): Promise<Delivery> {
  const delivery = deliveryOf(document);
  const attempts = await Promise.all(
    delivery.attempts.map(async (attempt): Promise<Attempt> => {
      const detail = await openDetail(document, attempt.number, keyring);
      return detail ? { ...attempt, detail } : attempt;
    }),
  );
  return { ...delivery, attempts };
}

/** Undefined when there is none any more: erased with its data key. */
async function openDetail(document: Found, number: number, keyring: Keyring): Promise<AttemptDetail | undefined> {
  const sealed = document.details?.[number]?.value();
  if (!sealed) return undefined;
  try {
    const opened = (await keyring.forSealed(sealed)).open(detailOf(document._id, number, scopeOf(document)), sealed);
    return JSON.parse(Buffer.from(opened).toString("utf8")) as AttemptDetail;
  } catch (error) {
    if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
    throw error;
  }
}

function updateOf(change: DeliveryChange, at: Date, keys: Map<KeyScope, DataKey>): AnyBulkWriteOperation<DeliveryDocument> {
  const { id, groupId, attempt, ...fields } = change;
  const set: Record<string, unknown> = { updatedAt: at };
  const unset: Record<string, ""> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value === null) unset[field] = "";
    else if (value !== undefined) set[field] = value;
  }
  if (attempt) {
    const { number } = attempt;
    set[`attempts.${number}`] = summaryOf(attempt);
    const sealed = sealDetail(id, groupId, attempt, keys);
    if (sealed) set[`details.${number}`] = sealed;
    // `$push` with `$slice` would do it as well, but twice for an attempt recorded twice.
    if (number > ATTEMPTS_KEPT) unset[`attempts.${number - ATTEMPTS_KEPT}`] = unset[`details.${number - ATTEMPTS_KEPT}`] = "";
  }
  const update = { $set: set, ...(Object.keys(unset).length > 0 && { $unset: unset }) };
  return { updateOne: { filter: { _id: id }, update } };
}
