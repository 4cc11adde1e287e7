import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { problemsTable } from "../../src/api/problems-table.js";

it("docs/problems.md lists the codes as src/api/errors.ts has them", () => {
  const page = readFileSync(new URL("../../docs/problems.md", import.meta.url), "utf8");
  expect(page, "run: npm run build && node scripts/problems-table.mjs").toContain(problemsTable());
});
