// Writes the OpenAPI document to .cache/openapi.json (after `npm run build`), for linters and generators of clients.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { servedRoutes } from "../dist/api/index.js";
import { buildOpenApi } from "../dist/api/openapi.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
mkdirSync(new URL("../.cache/", import.meta.url), { recursive: true });
writeFileSync(
  new URL("../.cache/openapi.json", import.meta.url),
  JSON.stringify(buildOpenApi(servedRoutes(), version), null, 2),
);
