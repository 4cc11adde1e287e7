/**
 * Each alert fires for what it is there for, and stays quiet for what looks like it: promtool's own tests of the rules.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findOnPath } from "../../src/workers/engines/machine.js";

interface Rules {
  groups: { rules: { alert: string; annotations?: unknown }[] }[];
}
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const cases = at("test/deploy/alerts");
const rules = parse(readFileSync(at("deploy/prometheus/alerts.yml"), "utf8")) as Rules;
const files = readdirSync(cases);

const promtool = findOnPath("promtool");
if (!promtool) process.stdout.write("skipped: tests of the alert rules (no promtool: apt-get install prometheus)\n");

describe.skipIf(!promtool)("alert rules", () => {
  const directory = mkdtempSync(join(tmpdir(), "sealpost-alerts-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(files)(
    "as in %s",
    (file) => {
      // The texts of the alerts are not tested here, and promtool would compare them too.
      for (const { rules: some } of rules.groups) for (const rule of some) delete rule.annotations;
      writeFileSync(join(directory, "alerts.yml"), JSON.stringify(rules));
      copyFileSync(join(cases, file), join(directory, file));
      const { status, stdout, stderr } = spawnSync(promtool ?? "", ["test", "rules", file], {
        cwd: directory,
        encoding: "utf8",
      });
      expect(status, `${stdout}${stderr}`).toBe(0);
    },
    600_000,
  );
});

it("has a case in which each alert fires, and one in which it stays quiet", () => {
  const tested = files
    .map((file) => parse(readFileSync(join(cases, file), "utf8")) as { tests: { alert_rule_test: Expected[] }[] })
    .flatMap(({ tests }) => tests.flatMap((test) => test.alert_rule_test));
  for (const { alert } of rules.groups.flatMap((group) => group.rules)) {
    const of = tested.filter(({ alertname }) => alertname === alert);
    expect(
      of.map(({ exp_alerts }) => exp_alerts !== undefined),
      alert,
    ).toEqual(expect.arrayContaining([true, false]));
  }
});
interface Expected {
  alertname: string;
  exp_alerts?: unknown[];
}
