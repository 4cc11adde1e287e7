/**
 * Secondary indexes on MongoDB. FerretDB gets none: it never uses them, every write pays for them, and it has no
 * partial ones.
 */
import { type Collection, type Db, type IndexDescription, MongoServerError } from "mongodb";
import { guarded } from "./driver-errors.js";
import { DAY_MS } from "../../workflows/durations.js";

/** One index, with its fields in order. */
export interface IndexSpec extends Pick<IndexDescription, "unique" | "expireAfterSeconds" | "partialFilterExpression"> {
  collection: string;
  key: Record<string, 1 | -1>;
}

const on = (collection: string, ...keys: Record<string, 1 | -1>[]): IndexSpec[] =>
  keys.map((key) => ({ collection, key }));
/**
 * Lists are by descending time and id, so the index of a list ends with these fields. It ascends and is read backwards,
 * which costs MongoDB nothing. SecantusDB 0.7 finds nothing in a range of a descending field behind another one.
 */
const newest = (time: string, ...fields: string[]): Record<string, 1 | -1> => ({
  ...Object.fromEntries(fields.map((field) => [field, 1 as const])),
  [time]: 1,
  _id: 1,
});
/** The same index as earlier releases made it. */
const descending = (key: Readonly<Record<string, 1 | -1>>): Record<string, 1 | -1> => {
  const fields = Object.keys(key);
  return Object.fromEntries(fields.map((field, place) => [field, place < fields.length - 2 ? 1 : -1]));
};
/** Documents go away by themselves at the instant in this field. */
const expiring = (collection: string, field: string): IndexSpec => ({
  collection,
  key: { [field]: 1 },
  expireAfterSeconds: 0,
});

/** All of them, in the order in which they are made. */
export const INDEXES: readonly IndexSpec[] = [
  ...on(
    "deliveries",
    newest("createdAt"),
    newest("createdAt", "groupId"),
    newest("createdAt", "subscriptionId"),
    newest("createdAt", "status"),
    newest("createdAt", "apiId"),
    newest("createdAt", "eventType"),
    newest("createdAt", "groupId", "status"),
    // A recovery reads one subscription by status, and asks every two seconds whether anything of it waits.
    newest("createdAt", "subscriptionId", "status"),
    // While somebody listens to deliveries, what changed is read every second.
    newest("updatedAt"),
    newest("updatedAt", "groupId"),
    { eventId: 1 },
  ),
  // The workflows that a change of the subscription is reported to. Most deliveries are settled and have none.
  {
    collection: "deliveries",
    key: { subscriptionId: 1, workflowId: 1 },
    partialFilterExpression: { workflowId: { $exists: true } },
  },
  // What is overdue is asked for every 15 s. Only deliveries that wait for another attempt have this field.
  {
    collection: "deliveries",
    key: { nextAttemptAt: 1 },
    partialFilterExpression: { nextAttemptAt: { $exists: true } },
  },
  ...on("events", newest("acceptedAt"), newest("acceptedAt", "type"), newest("acceptedAt", "apiId"), { owner: 1 }),
  ...on("subscriptions", newest("createdAt", "groupId")),
  // Most subscriptions have no id of the group's own.
  {
    collection: "subscriptions",
    key: { groupId: 1, externalId: 1 },
    unique: true,
    partialFilterExpression: { externalId: { $exists: true } },
  },
  ...on("audit", newest("at"), newest("at", "actor"), newest("at", "action"), newest("at", "subject")),
  // Most erasures are done. This index finds the others without reading those.
  ...on("erasures", { at: 1, _id: 1 }, { appliedAt: 1, _id: 1 }),
  expiring("samlUses", "expiresAt"),
  ...on("holds", newest("at")),
  // While somebody listens, what changed is read every second.
  ...on("recoveries", newest("createdAt"), newest("createdAt", "groupId"), newest("updatedAt")),
  expiring("limits", "expiresAt"),
  expiring("stats", "expiresAt"),
  expiring("routings", "expiresAt"),
  expiring("runLeases", "expiresAt"),
  expiring("idempotencyKeys", "expiresAt"),
  ...on("notices", { dueAt: 1, _id: 1 }),
  expiring("toldNotices", "expiresAt"),
  ...on("mailLines", { dueAt: 1, _id: 1 }),
  expiring("mailStops", "expiresAt"),
  ...on("chatLines", { dueAt: 1, _id: 1 }),
  expiring("chatStates", "expiresAt"),
  ...on("people", newest("firstLoginAt")),
  ...on("sessions", { personId: 1 }, { connectionId: 1 }),
  expiring("sessions", "endsAt"),
  ...on(
    "grantRequests",
    newest("createdAt"),
    newest("createdAt", "groupId"),
    newest("createdAt", "apiId"),
    newest("decidedAt"),
  ),
  // One open request for a group and a grant, whichever process takes it.
  {
    collection: "grantRequests",
    key: { groupId: 1, grant: 1 },
    unique: true,
    partialFilterExpression: { status: "open" },
  },
];

const INDEX_NOT_FOUND = 27;
/**
 * A build over very many documents takes hours, and MongoDB goes on with it when its client is gone. The next start
 * waits for the same one.
 */
const BUILD_DEADLINE_MS = DAY_MS;

/**
 * Idempotent. An index over many documents takes time, but only at the first start after an upgrade. Throws StoreError
 * `unavailable`.
 */
export async function createIndexes(db: Db): Promise<void> {
  for (const collection of new Set(INDEXES.map((index) => index.collection))) {
    const indexes = INDEXES.filter((index) => index.collection === collection).map(
      ({ collection: _collection, ...index }) => index,
    );
    // Neither signal nor maxTimeMS, which would end the build in the server.
    await guarded(() => db.collection(collection).createIndexes(indexes), BUILD_DEADLINE_MS);
    await dropDescending(
      db.collection(collection),
      indexes.map(({ key }) => key),
    );
  }
}

/** Indexes of earlier releases that these replace. Every write would pay for both. */
async function dropDescending(collection: Collection, keys: readonly Record<string, 1 | -1>[]): Promise<void> {
  const replaced = new Set(
    keys.filter((key) => Object.keys(key).at(-1) === "_id").map((key) => JSON.stringify(descending(key))),
  );
  for (const { name, key } of await guarded(() => collection.indexes())) {
    if (name === undefined || !replaced.has(JSON.stringify(key))) continue;
    await guarded(() =>
      collection.dropIndex(name).catch((error: unknown) => {
        // Another process was first.
        if (!(error instanceof MongoServerError) || error.code !== INDEX_NOT_FOUND) throw error;
      }),
    );
  }
}
