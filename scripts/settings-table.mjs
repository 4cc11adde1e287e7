// Writes the settings of src/workers/config.ts into the README (after `npm run build`). test/workers/readme.test.ts compares them.
import { readFileSync, writeFileSync } from "node:fs";
import { settingsTable } from "../dist/workers/settings-table.js";

const readme = new URL("../README.md", import.meta.url);
const text = readFileSync(readme, "utf8");
writeFileSync(readme, text.replace(/(<!-- settings: begin [^\n]*-->\n)[^]*?(<!-- settings: end -->)/, (_all, begin, end) => `${begin}${settingsTable()}${end}`));
