/** Secondary indexes on MongoDB. On the stand-in there are none: it never uses them and every write pays for them. */
import type { Collection, Document } from "mongodb";
import type { DeliveryDocument } from "./deliveries.js";
import { guarded } from "./driver-errors.js";
import type { EventDocument } from "./events.js";
import type { IdempotencyDocument } from "./idempotency.js";
import type { PersonDocument } from "./people.js";
import type { SessionDocument } from "./sessions.js";
import type { GrantRequestDocument } from "./grant-requests.js";

/** A build over very many documents takes hours, and MongoDB goes on with it when its client is gone. The next start waits for the same one. */
const BUILD_DEADLINE_MS = 24 * 60 * 60_000;

/** Every list is by descending time and id, so every index ends in them. */
export async function createIndexes(collections: {
  events: Collection<EventDocument>;
  deliveries: Collection<DeliveryDocument>;
  subscriptions: Collection<Document>;
  audit: Collection<Document>;
  samlUses: Collection<Document>;
  recoveries: Collection<Document>;
  limits: Collection<Document>;
  idempotencyKeys: Collection<IdempotencyDocument>;
  sessions: Collection<SessionDocument>;
  people: Collection<PersonDocument>;
  erasures: Collection<Document>;
  grantRequests: Collection<GrantRequestDocument>;
}): Promise<void> {
  const { events, deliveries, subscriptions, audit, samlUses, recoveries, limits, idempotencyKeys, sessions, people, erasures, grantRequests } = collections;
  // Deliveries of one event need none: their `_id` begins with the event's.
  await make(deliveries, [
    { createdAt: -1, _id: -1 },
    { groupId: 1, createdAt: -1, _id: -1 },
    { subscriptionId: 1, createdAt: -1, _id: -1 },
    { status: 1, createdAt: -1, _id: -1 },
    // A recovery reads one subscription by status, and asks every two seconds whether anything of it waits.
    { subscriptionId: 1, status: 1, createdAt: -1, _id: -1 },
  ]);
  await make(events, [
    { acceptedAt: -1, _id: -1 },
    { type: 1, acceptedAt: -1, _id: -1 },
    { apiId: 1, acceptedAt: -1, _id: -1 },
  ]);
  await make(subscriptions, [{ groupId: 1, createdAt: -1, _id: -1 }]);
  await make(audit, [{ at: -1, _id: -1 }, ...["actor", "action", "subject"].map((field): Record<string, 1 | -1> => ({ [field]: 1, at: -1, _id: -1 }))]);
  await make(erasures, [{ at: 1, _id: 1 }]);
  await guarded(() => samlUses.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }), BUILD_DEADLINE_MS);
  await make(recoveries, [{ createdAt: -1, _id: -1 }, { groupId: 1, createdAt: -1, _id: -1 }]);
  await guarded(() => limits.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }), BUILD_DEADLINE_MS);
  await guarded(() => idempotencyKeys.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }), BUILD_DEADLINE_MS);
  await make(people, [{ firstLoginAt: -1, _id: -1 }]);
  await make(sessions, [{ personId: 1 }]);
  await guarded(() => sessions.createIndex({ endsAt: 1 }, { expireAfterSeconds: 0 }), BUILD_DEADLINE_MS);
  await make(grantRequests, [{ createdAt: -1, _id: -1 }, { groupId: 1, createdAt: -1, _id: -1 }, { apiId: 1, createdAt: -1, _id: -1 }]);
  // One open request for a group and a grant, whichever process takes it.
  await guarded(() => grantRequests.createIndex({ groupId: 1, grant: 1 }, { unique: true, partialFilterExpression: { status: "open" } }), BUILD_DEADLINE_MS);
}

/** Idempotent; an index over many documents takes its time, which only the first start after an upgrade sees. */
async function make<D extends Document>(collection: Collection<D>, keys: Record<string, 1 | -1>[]): Promise<void> {
  await guarded(() => collection.createIndexes(keys.map((key) => ({ key }))), BUILD_DEADLINE_MS);
}
