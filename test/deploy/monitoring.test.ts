/** The alerts and the dashboard ask for metrics that exist. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../src/activities/metrics.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const series = new Set(
  createMetrics().registry.getMetricsAsArray().flatMap(({ name, type }) => (String(type) === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
);

describe("deploy/prometheus/alerts.yml and deploy/grafana/sealpost.json", () => {
  const rules = (parse(read("deploy/prometheus/alerts.yml")) as { groups: { rules: { alert: string; expr: string; annotations: { summary: string; runbook: string } }[] }[] }).groups.flatMap((group) => group.rules);
  const panels = (JSON.parse(read("deploy/grafana/sealpost.json")) as { panels: { title: string; targets?: { expr: string }[] }[] }).panels;
  const expressions = [
    ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
    ...panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ where: title, expr }))),
  ];

  it.each(expressions)("$where asks for series that are exported", ({ expr }) => {
    for (const [name] of expr.matchAll(/sealpost_\w+/g)) expect(series, name).toContain(name);
    expect(expr).toMatch(/sealpost/);
  });

  it("explains every alert in docs/operations.md, where its link leads", () => {
    const headings = [...read("docs/operations.md").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replace(/ /g, "-"));
    for (const { alert, annotations } of rules) {
      const [file, anchor] = annotations.runbook.split("#");
      expect(file).toBe("docs/operations.md");
      expect(headings, alert).toContain(anchor);
    }
  });
});
