// Writes docs/problems.md from src/api/errors.ts (after `npm run build`). test/api/problems-table.test.ts compares them.
import { readFileSync, writeFileSync } from "node:fs";
import { problemsTable } from "../dist/api/problems-table.js";

const page = new URL("../docs/problems.md", import.meta.url);
const text = readFileSync(page, "utf8");
writeFileSync(page, text.replace(/(<!-- problems: begin [^\n]*-->\n)[^]*?(<!-- problems: end -->)/, (_all, begin, end) => `${begin}${problemsTable()}${end}`));
