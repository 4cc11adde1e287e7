/** The metrics, read from a registry that is made as in every process. */
import { createMetrics } from "../../metrics.js";
import { code, codes, markdownTable } from "./markdown.js";

/** Sealpost's own metrics. Those of Node.js (`process_…`, `nodejs_…`) are made by prom-client and documented there. */
export function metricsTable(): string {
  const metrics = createMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith("sealpost_"));
  return markdownTable(
    ["metric", "type", "labels", "meaning"],
    metrics.map((metric) => [code(metric.name), String(metric.type), codes(labelsOf(metric)), metric.help]),
  );
}

/** The labels, which prom-client's types do not show on a metric that is made. */
const labelsOf = (metric: object): string[] =>
  "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];
