import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settingsTable } from "../../src/workers/settings-table.js";

it("the README lists the settings as src/workers/config.ts reads them", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme, "run: npm run build && node scripts/settings-table.mjs").toContain(settingsTable());
});
