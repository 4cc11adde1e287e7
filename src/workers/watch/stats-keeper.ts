/** Sums up the counters of minutes into those of quarters, hours and days, so that charts of a month read little. */
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Metrics } from "../../metrics.js";
import { NO_API } from "../../store/stats/gatherer.js";
import type { Scope } from "../../store/stats/tiers.js";
import type { Store } from "../../store/store.js";
import { MINUTE_MS } from "../../workflows/durations.js";

export interface StatsKeeperDependencies {
  store: { stats: Pick<Store["stats"], "rollUp"> };
  catalogue: Pick<Catalogue, "apis" | "subscriptions">;
  metrics: Pick<Metrics, "ownFailures">;
  log: Logger;
  everyMs?: number;
}

/** Does it now and every five minutes. Every worker does it, because doing it twice changes nothing. */
export function keepStats({ store, catalogue, metrics, log, everyMs = 5 * MINUTE_MS }: StatsKeeperDependencies): {
  stop(): Promise<void>;
} {
  return byTheClock(
    everyMs,
    async () => {
      try {
        await store.stats.rollUp([
          ...[...catalogue.subscriptions()].map(({ id }): Scope => `sub/${id}`),
          ...[...catalogue.apis()].map(({ id }): Scope => `api/${id}`),
          NO_API,
        ]);
      } catch (error) {
        metrics.ownFailures.inc({ part: "stats" });
        log.warn({ err: error }, "counters could not be summed up; it is tried again");
      }
    },
    { atOnce: true },
  );
}
