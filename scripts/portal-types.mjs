// Writes the types of the API's document to web/src/api/schema.d.ts, which is in no commit. They are made from the
// sources, so that the types can be checked beside a build or without one.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import openapiTypescript, { astToString } from "openapi-typescript";
import { servedRoutes } from "../src/api/index.ts";
import { buildOpenApi } from "../src/api/openapi.ts";

const file = new URL("../web/src/api/schema.d.ts", import.meta.url);
const document = JSON.stringify(buildOpenApi(servedRoutes(), "0.0.0"));
const mark = `// Made by scripts/portal-types.mjs from ${createHash("sha256").update(document).digest("hex")}\n`;
if (!existsSync(file) || !readFileSync(file, "utf8").startsWith(mark)) {
  const types = astToString(await openapiTypescript(document, { alphabetize: true }));
  // Made aside and renamed: the linter and the compiler may both be at it.
  const making = new URL(`../web/src/api/schema.${process.pid}.tmp`, import.meta.url);
  writeFileSync(making, mark + types);
  renameSync(making, file);
}
