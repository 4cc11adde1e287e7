/** Metrics of the health of endpoints. */
import { Counter, Gauge, type Registry } from "prom-client";

const STATES = ["healthy", "degraded", "failing", "recovering", "disabled"] as const;

/** Each counter is there with 0 from the start. */
export function endpointMetrics(registers: Registry[]) {
  const breakerChanges = new Counter({
    name: "sealpost_endpoint_health_changes_total",
    help: "Changes of the health of endpoints, by what it became. `failing` opens a circuit breaker",
    labelNames: ["to"],
    registers,
  });
  for (const to of STATES) breakerChanges.inc({ to }, 0);
  return {
    breakerChanges,
    endpoints: new Gauge({
      name: "sealpost_endpoints",
      help: "Subscriptions whose endpoint is not healthy, by its health. `failing`: an open breaker, deliveries wait",
      labelNames: ["health"],
      registers,
    }),
  };
}
