/** What the list of subscriptions tells of each one's last 24 hours, from counters. */
import { z } from "zod";
import type { Store } from "../../store/store.js";
import { countsOf, merge } from "../../store/stats/cells.js";
import { floorTo, HOURS } from "../../store/stats/tiers.js";
import { HOUR_MS } from "../../workflows/durations.js";
import { ratesOfCell } from "./subscription-rates.js";

const DAY_HOURS = 24;

export const dayView = z
  .object({
    values: z
      .array(z.int())
      .length(DAY_HOURS)
      .meta({ description: "All attempts of each of the last 24 hours (UTC). The last one is not over" }),
    succeeded: z.int().meta({ description: "Attempts that were accepted" }),
    failed: z.int().meta({ description: "Attempts that count and were not accepted" }),
    refused: z
      .int()
      .meta({
        description: "Answered with 400, 409, 413 or 422. That concerns one event, so it does not count towards health",
      }),
    successRate: z
      .number()
      .optional()
      .meta({ description: "0 to 1, of the attempts that count, as in its health. Absent where none counts" }),
    p95Ms: z.number().optional().meta({ description: "95 of 100 answered attempts took at most so long, within 10 %" }),
  })
  .meta({ id: "SubscriptionDay" });
export type SubscriptionDay = z.input<typeof dayView>;

/** One read for all of these subscriptions. Throws StoreError `unavailable`. */
export async function daysOf(
  { stats }: Pick<Store, "stats">,
  ids: readonly string[],
  now: Date,
): Promise<(id: string) => SubscriptionDay> {
  const to = floorTo(now.getTime(), HOUR_MS) + HOUR_MS;
  const from = to - DAY_HOURS * HOUR_MS;
  const days = new Map<string, { values: number[]; sum: Map<string, number> }>();
  const dayOf = (scope: string) => {
    const day = days.get(scope) ?? { values: new Array<number>(DAY_HOURS).fill(0), sum: new Map<string, number>() };
    days.set(scope, day);
    return day;
  };
  await stats.read({ scopes: ids.map((id) => `sub/${id}` as const), tier: HOURS, from, to }, ({ scope, at, cell }) => {
    const { values, sum } = dayOf(scope);
    const hour = Math.floor((at - from) / HOUR_MS);
    for (const [, count] of countsOf(cell, "a")) values[hour] = (values[hour] ?? 0) + count;
    merge(sum, cell);
  });
  return (id) => shown(dayOf(`sub/${id}`));
}

function shown({ values, sum }: { values: number[]; sum: Map<string, number> }): SubscriptionDay {
  const { succeeded, failed, refused, successRate, p95Ms } = ratesOfCell(sum);
  return {
    values,
    succeeded,
    failed,
    refused,
    ...(successRate !== undefined && { successRate }),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}
