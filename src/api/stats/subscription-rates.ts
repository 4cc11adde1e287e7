/** How the attempts at one subscription went, from counters: where there are more than a look at the records reads. */
import { type AttemptRates, NOTHING_SENT, REFUSES_ONE_EVENT } from "../../endpoint/health-rules.js";
import type { Store } from "../../store/store.js";
import { type Cell, countsOf, merge, percentile } from "../../store/stats/cells.js";
import { ceilTo, floorTo, MINUTES, QUARTERS } from "../../store/stats/tiers.js";
import { DAY_MS, HOUR_MS } from "../../workflows/durations.js";

/** The counters of answers that concern one event, and so say nothing of the endpoint. */
const REFUSED = [...REFUSES_ONE_EVENT].map((status) => `s${status}`);
const UNSENT = [...NOTHING_SENT].map((outcome) => `a${outcome}`);

/** What is told of a window of the last time. */
interface ToldWindow extends Pick<AttemptRates, "attempts" | "succeeded" | "failed" | "refused"> {
  successRate?: number | undefined;
  p50Ms?: number | undefined;
  p95Ms?: number | undefined;
  /** ISO 8601. */
  since: string;
  /** False if more was attempted than could be read. */
  complete: boolean;
}

/** Where more was attempted within the last hour or day than could be read, counters say how it went. */
export async function withCounters<T extends { hour: ToldWindow; day: ToldWindow }>(
  store: Pick<Store, "stats">,
  subscriptionId: string,
  told: T,
  now: Date,
): Promise<T> {
  const counted = async (read: ToldWindow, ms: number): Promise<ToldWindow> => {
    if (read.complete) return read;
    const { since, ...rates } = await countedRates(store, subscriptionId, { since: new Date(now.getTime() - ms), now });
    // What counts nothing, or has not counted for so long, says less than the records.
    const isMore = rates.attempts + rates.refused > read.attempts + read.refused;
    return isMore ? { since: since.toISOString(), complete: true, ...rates } : read;
  };
  return { ...told, hour: await counted(told.hour, HOUR_MS), day: await counted(told.day, DAY_MS) };
}

/** The rates from this instant on, rounded down to a minute or, over more than two hours, to a quarter of an hour. */
async function countedRates(
  { stats }: Pick<Store, "stats">,
  subscriptionId: string,
  { since, now }: { since: Date; now: Date },
): Promise<AttemptRates & { since: Date }> {
  const tier = now.getTime() - since.getTime() > 2 * HOUR_MS ? QUARTERS : MINUTES;
  const from = floorTo(since.getTime(), tier.slotMs);
  const sum: Cell = new Map();
  const to = ceilTo(now.getTime() + 1, tier.slotMs);
  await stats.read({ scopes: [`sub/${subscriptionId}`], tier, from, to }, ({ cell }) => merge(sum, cell));
  return { since: new Date(from), ...ratesOfCell(sum) };
}

/** What counters of some time say. */
export function ratesOfCell(sum: Cell): AttemptRates {
  const all = [...countsOf(sum, "a")].reduce((total, [, count]) => total + count, 0);
  const countOf = (keys: readonly string[]): number => keys.reduce((total, key) => total + (sum.get(key) ?? 0), 0);
  const refused = countOf(REFUSED);
  const succeeded = countOf(["adelivered"]);
  const attempts = all - refused - countOf(UNSENT);
  const buckets = new Map([...countsOf(sum, "h")].map(([bucket, count]) => [Number(bucket), count]));
  const [p50Ms, p95Ms] = [percentile(buckets, 50), percentile(buckets, 95)];
  return {
    attempts,
    succeeded,
    failed: attempts - succeeded,
    refused,
    ...(attempts > 0 && { successRate: succeeded / attempts }),
    ...(p50Ms !== undefined && { p50Ms }),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}
