/** Counts that stop. A portal shows "10,000+", and nobody waits for the rest. */
import type { Collection, Document, Filter, WithId } from "mongodb";
import type { Counted } from "../collection.js";
import type { Scan } from "./scans.js";

interface CountQuery<D extends Document> {
  collection: Collection<D>;
  filter: Filter<D>;
  most: number;
  scan: Scan;
}

const countedOf = (found: number, most: number): Counted => ({ count: Math.min(found, most), exact: found <= most });

/** How many documents match, in the server. It stops above `most`. */
export async function countUpTo<D extends Document>(query: CountQuery<D>): Promise<Counted> {
  const { collection, filter, most, scan } = query;
  const pipeline = [{ $match: filter }, { $limit: most + 1 }, { $group: { _id: null, count: { $sum: 1 } } }];
  const [group] = await scan((within) => collection.aggregate<{ count: number }>(pipeline, within).toArray());
  return countedOf(group?.count ?? 0, most);
}

/** The same for what only this process can tell: each document is read and judged. */
export async function countSome<D extends Document>(
  query: CountQuery<D> & { projection: Document },
  accepts: (document: WithId<D>) => boolean,
): Promise<Counted> {
  const { collection, filter, most, scan, projection } = query;
  const found = await scan(async (within) => {
    let count = 0;
    for await (const document of collection.find(filter, { ...within, projection })) {
      if (accepts(document)) count++;
      if (count > most) break;
    }
    return count;
  });
  return countedOf(found, most);
}
