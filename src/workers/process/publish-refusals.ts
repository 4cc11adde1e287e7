/** Whether publishes are being refused for what is not their fault, so that load balancers hear of it. */
import { statfs } from "node:fs/promises";
import type { Publisher } from "../../api/dependencies.js";
import type { Readiness } from "../../api/readiness.js";

export interface PublishRefusals {
  /** Publishes as the given one does, and notes what comes of it. */
  watch(publisher: Publisher): Publisher;
  /** Answers as `check` does, and what is refused although `check` finds nothing missing. */
  readiness(check: () => Promise<Readiness>): () => Promise<Readiness>;
}

/** A refusal counts for so long, unless a publish is accepted before. Then load balancers may try again. */
const COUNTS_FOR_MS = 10_000;
/** An embedded engine that has less room cannot be relied on to write. */
const FULL_BELOW_BYTES = 4 * 1024 * 1024;

/**
 * The refusals of one process.
 * @param dataDir of the embedded engines. Absent where neither is embedded
 */
export function createPublishRefusals(dataDir?: string): PublishRefusals {
  let refusedAt = Number.NEGATIVE_INFINITY;
  return {
    watch: (publisher) => ({
      ...publisher,
      async publish(events) {
        const results = await publisher.publish(events);
        if (results.some((result) => !result.ok && result.code === "unavailable")) refusedAt = performance.now();
        else if (results.some(({ ok }) => ok)) refusedAt = Number.NEGATIVE_INFINITY;
        return results;
      },
    }),
    readiness: (check) => async () => {
      const refusing = performance.now() - refusedAt < COUNTS_FOR_MS;
      const found = await check();
      const missing = found.missing ?? (refusing ? "The last publish was refused" : undefined);
      if (missing === undefined) return found;
      const isDiskFull = dataDir !== undefined && (await isFull(dataDir));
      return { ...found, missing: isDiskFull ? `${missing}, as the disk of ${dataDir} is full` : missing };
    },
  };
}

async function isFull(directory: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize < FULL_BELOW_BYTES;
  } catch {
    return false;
  }
}
