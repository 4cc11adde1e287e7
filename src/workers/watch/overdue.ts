/** How old the oldest delivery is that still waits, and how long the one has waited that waits longest for Sealpost. */
import type { Gauge } from "prom-client";
import type { Metrics } from "../../metrics.js";
import type { Store } from "../../store/store.js";

export interface OverdueDependencies {
  store: { deliveries: Pick<Store["deliveries"], "oldestUndelivered" | "oldestOverdue">; ferretDb: boolean };
  metrics: Pick<Metrics, "oldestUndelivered" | "oldestOverdue">;
  /** Milliseconds before the first look, and between two looks. */
  firstAfterMs?: number;
  everyMs?: number;
}

/**
 * Looks from now on until `stop()`. An age that cannot be read is absent. On FerretDB both are absent, because the
 * queries read every delivery there.
 */
export function watchOverdue({ store, metrics, firstAfterMs = 5_000, everyMs = 15_000 }: OverdueDependencies): {
  stop(): void;
} {
  if (store.ferretDb) return { stop: () => undefined };
  const show = async (gauge: Gauge, since: Promise<Date | undefined>): Promise<void> => {
    try {
      const oldest = await since;
      gauge.set(oldest ? Math.max(0, (Date.now() - oldest.getTime()) / 1_000) : 0);
    } catch {
      gauge.remove();
    }
  };
  let stopped = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    await show(metrics.oldestUndelivered, store.deliveries.oldestUndelivered());
    await show(metrics.oldestOverdue, store.deliveries.oldestOverdue(new Date()));
    if (!stopped) timer = setTimeout(() => void look(), everyMs).unref();
  };
  timer = setTimeout(() => void look(), firstAfterMs).unref();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
