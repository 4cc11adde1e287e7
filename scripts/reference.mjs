// Writes the tables in docs/reference from the code: `npm run docs:reference`. test/docs/reference.test.ts compares
// them.
import { readFileSync, writeFileSync } from "node:fs";
import { REFERENCE, withSections } from "../src/workers/reference/index.ts";

for (const page of Object.keys(REFERENCE)) {
  const file = new URL(`../docs/reference/${page}`, import.meta.url);
  writeFileSync(file, withSections(page, readFileSync(file, "utf8")));
}
