/** Which commands to FerretDB read a bounded number of documents. It indexes `_id` alone. */
import type { SentCommand } from "./command-log.js";

/** By one exact `_id`, or from the beginning and without a condition, which FerretDB ends at the batch or the limit. */
export function isBounded({ name, body }: SentCommand): boolean {
  const filters = [
    body["filter"],
    body["query"],
    ...[body["updates"], body["deletes"]].flat().map((each: unknown) => (each as { q?: unknown } | undefined)?.q),
  ];
  const given = filters.filter((filter) => filter !== undefined) as Record<string, unknown>[];
  if (name === "aggregate" || name === "count" || name === "distinct") return false;
  return given.every((filter) => {
    const fields = Object.keys(filter);
    return fields.length === 0
      ? name === "find" && body["sort"] === undefined
      : fields.length === 1 && typeof filter["_id"] === "string";
  });
}

/**
 * The locks are those held at this moment. Of the ledger of grants every entry is checked at the start, so all of it is
 * needed.
 */
const NEEDED_WHOLE = new Set(["locks", "grantLedger"]);

/** The others, as text: command, collection and condition. */
export const unboundedOf = (commands: readonly SentCommand[]): string[] =>
  commands
    .filter((command) => !isBounded(command) && !NEEDED_WHOLE.has(command.collection))
    .map(
      ({ name, collection, body }) =>
        `${name} ${collection} ${JSON.stringify(body["filter"] ?? body["updates"] ?? body["deletes"] ?? {})}`,
    );
