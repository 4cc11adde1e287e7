/** The alerts and the dashboard ask for metrics that exist. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../src/metrics.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const anchorsOf = (page: string) =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^a-z0-9 _-]/g, "")
      .replace(/ /g, "-"),
  );
const metrics = createMetrics().registry.getMetricsAsArray();
const counters = metrics.filter(({ name, type }) => String(type) === "counter" && name.startsWith("sealpost_"));
const series = new Set(
  metrics.flatMap(({ name, type }) =>
    String(type) === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

describe("deploy/prometheus/alerts.yml and deploy/grafana/sealpost.json", () => {
  const rules = (
    parse(read("deploy/prometheus/alerts.yml")) as {
      groups: {
        rules: {
          alert: string;
          expr: string;
          labels: { severity: string };
          annotations: { summary: string; runbook: string };
        }[];
      }[];
    }
  ).groups.flatMap((group) => group.rules);
  const panels = (
    JSON.parse(read("deploy/grafana/sealpost.json")) as { panels: { title: string; targets?: { expr: string }[] }[] }
  ).panels;
  const expressions = [
    ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
    ...panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ where: title, expr }))),
  ];

  it.each(expressions)("$where asks for series that are exported", ({ expr }) => {
    for (const [name] of expr.matchAll(/sealpost_\w+/g)) expect(series, name).toContain(name);
    expect(expr).toMatch(/sealpost/);
  });

  it.each(counters)("$name is there from the start with 0, so that its first count alerts", async ({ name }) => {
    const metric = createMetrics().registry.getSingleMetric(name);
    const values = ((await metric?.get())?.values ?? []).map(({ value }) => value);
    expect(values.length).toBeGreaterThan(0);
    expect(values.filter((value) => value !== 0)).toEqual([]);
  });

  it("asks for a value of a counter's label only if that value is there from the start", async () => {
    const text = await createMetrics().registry.metrics();
    const asked = expressions.flatMap(({ expr }) => [...expr.matchAll(/(sealpost_\w+_total)\{(\w+="\w+")\}/g)]);
    expect(asked.length).toBeGreaterThan(0);
    for (const [, name, label] of asked) expect(text).toContain(`${name}{${label}} 0`);
  });

  it.each([
    "sealpost_oldest_undelivered_seconds",
    "sealpost_oldest_overdue_seconds",
    "sealpost_saml_certificate_expiry_seconds",
    "sealpost_client_certificate_end_timestamp_seconds",
    "sealpost_day_keys_held_back",
    "sealpost_degraded",
  ])("%s is absent until it was read, because 0 would say that all is well", async (name) => {
    expect((await createMetrics().registry.getSingleMetric(name)?.get())?.values).toEqual([]);
  });

  it("explains every alert in docs/operations/runbook, where its link leads", () => {
    for (const { alert, annotations } of rules) {
      const [file = "", anchor] = annotations.runbook.split("#");
      expect(file, alert).toMatch(/^docs\/operations\/runbook\/[a-z-]+\.md$/);
      expect(anchorsOf(read(file)), alert).toContain(anchor);
    }
  });

  it("lists every alert in docs/operations/monitoring.md, with its severity and its place in the runbook", () => {
    const rows = [
      ...read("docs/operations/monitoring.md").matchAll(/^\| `(Sealpost\w+)` \| (\w+) \| \[[^\]]+\]\(([^)]+)\) \|$/gm),
    ].map(([, alert, severity, link = ""]) => `${alert} ${severity} docs/operations/${link}`);
    expect(rows.sort()).toEqual(
      rules.map(({ alert, labels, annotations }) => `${alert} ${labels.severity} ${annotations.runbook}`).sort(),
    );
  });

  it("explains metrics in docs/operations/monitoring.md that are exported", () => {
    const exported = metrics.map(({ name }) => name);
    const explained = [...read("docs/operations/monitoring.md").matchAll(/^\| `(sealpost_\w+)/gm)].map(
      ([, name]) => name,
    );
    expect(explained.length).toBeGreaterThan(15);
    for (const name of explained) expect(exported).toContain(name);
  });
});
