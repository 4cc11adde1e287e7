/** Building the indexes, at a start or beforehand by the operator (`npm run indexes`). */
import type { Db } from "mongodb";
import { connect, INDEX_CLIENT_OPTIONS } from "./connection.js";
import type { DeliveryDocument } from "./deliveries.js";
import type { EventDocument } from "./events.js";
import type { GrantRequestDocument } from "./grant-requests.js";
import type { IdempotencyDocument } from "./idempotency.js";
import { createIndexes } from "./indexes.js";
import type { PersonDocument } from "./people.js";
import type { SessionDocument } from "./sessions.js";

const TOLD_EVERY_MS = 30_000;

export interface IndexBuild {
  mongodbUrl: string;
  database: string;
  /** Told every half minute that the build goes on. */
  waiting?: (seconds: number) => void;
}

/**
 * Builds what is missing and waits for it, as long as it takes. It has a client of its own: an index over many documents takes longer than
 * the 30 s in which the store's own client gives a connection up. Repeatable, also while another process builds the same indexes.
 * @throws StoreError `settings_invalid` or `unavailable`
 */
export async function buildIndexes({ mongodbUrl, database, waiting }: IndexBuild): Promise<void> {
  const client = await connect(mongodbUrl, INDEX_CLIENT_OPTIONS);
  const since = Date.now();
  const timer = setInterval(() => waiting?.(Math.round((Date.now() - since) / 1_000)), TOLD_EVERY_MS).unref();
  try {
    await createAllIndexes(client.db(database));
  } finally {
    clearInterval(timer);
    await client.close().catch(() => undefined);
  }
}

const createAllIndexes = (db: Db): Promise<void> => createIndexes({
  events: db.collection<EventDocument>("events"), deliveries: db.collection<DeliveryDocument>("deliveries"), subscriptions: db.collection("subscriptions"), audit: db.collection("audit"),
  grantRequests: db.collection<GrantRequestDocument>("grantRequests"), samlUses: db.collection("samlUses"), recoveries: db.collection("recoveries"), limits: db.collection("limits"),
  idempotencyKeys: db.collection<IdempotencyDocument>("idempotencyKeys"),
  sessions: db.collection<SessionDocument>("sessions"), people: db.collection<PersonDocument>("people"), erasures: db.collection("erasures"),
});
