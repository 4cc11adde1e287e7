/** Shows how many endpoints are not healthy, from the catalogue in memory. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Metrics } from "../../metrics.js";
import { HEALTH_STATES } from "../../store/subscription-health.js";

export interface EndpointHealthDependencies {
  catalogue: Pick<Catalogue, "subscriptions">;
  metrics: Pick<Metrics, "endpoints">;
  /** Milliseconds between two looks. */
  everyMs?: number;
}

/** Looks from now on until `stop()`. Every state is there from the start. */
export function watchEndpointHealth({ catalogue, metrics, everyMs = 5_000 }: EndpointHealthDependencies): {
  stop(): void;
} {
  const look = (): void => {
    const counts = new Map<string, number>(HEALTH_STATES.map((state) => [state, 0]));
    for (const { status, health } of catalogue.subscriptions()) {
      const state = status === "disabled" ? "disabled" : health?.state;
      if (state) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    for (const [health, count] of counts) metrics.endpoints.set({ health }, count);
  };
  look();
  const timer = setInterval(look, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
