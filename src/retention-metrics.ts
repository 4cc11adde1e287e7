/** The metrics of what is removed by its age. */
import { Counter, Gauge, type Registry } from "prom-client";

/** They are part of metrics.ts. Every counter is there with 0 from the start. */
export function retentionMetrics(registers: Registry[]) {
  const metrics = {
    retentionRemoved: new Counter<"kind">({
      name: "sealpost_retention_removed_total",
      help: "Records removed because they were older than the retention, by kind: events or deliveries",
      labelNames: ["kind"],
      registers,
    }),
    retentionRuns: new Counter({
      name: "sealpost_retention_runs_total",
      help: "Runs of the retention that went to their end, also those that removed nothing",
      registers,
    }),
    oldestEvent: new Gauge({
      name: "sealpost_oldest_event_timestamp_seconds",
      help: "When the oldest event was accepted, in seconds since the epoch. 0 without any. Absent while not known",
      registers,
    }),
  };
  metrics.oldestEvent.remove();
  for (const kind of ["events", "deliveries"]) metrics.retentionRemoved.inc({ kind }, 0);
  return metrics;
}
