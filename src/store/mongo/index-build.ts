/** Building the indexes, at a start or beforehand by the operator (`npm run indexes`). */
import { connect, INDEX_CLIENT_OPTIONS } from "./connection.js";
import { createIndexes } from "./indexes.js";

const TOLD_EVERY_MS = 30_000;

export interface IndexBuild {
  mongodbUrl: string;
  database: string;
  /** Called every half minute while the build goes on. */
  waiting?: (seconds: number) => void;
}

/**
 * Builds the missing indexes and waits for them, as long as it takes. It has a client of its own. The store's client
 * gives up a connection after 30 s, and an index over many documents takes longer. Repeatable, also while another
 * process builds the same indexes.
 * @throws StoreError `settings_invalid` or `unavailable`
 */
export async function buildIndexes({ mongodbUrl, database, waiting }: IndexBuild): Promise<void> {
  const client = await connect(mongodbUrl, INDEX_CLIENT_OPTIONS);
  const since = Date.now();
  const timer = setInterval(() => waiting?.(Math.round((Date.now() - since) / 1_000)), TOLD_EVERY_MS).unref();
  try {
    await createIndexes(client.db(database));
  } finally {
    clearInterval(timer);
    await client.close().catch(() => undefined);
  }
}
