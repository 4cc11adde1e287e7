import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OUTCOMES } from "../../../../../src/endpoint/outcomes.js";
import { buildOnce, repositoryRoot } from "../../../../support/build.js";

test("the pages that were built offer every outcome as a filter", async () => {
  await buildOnce();
  const assets = join(repositoryRoot(), "dist", "portal", "assets");
  const scripts = readdirSync(assets)
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(assets, name), "utf8"))
    .join("");
  // The build may write a list in several ways, and each keeps the order.
  const all = Object.keys(OUTCOMES).sort().join("[^a-z0-9_]+");
  expect(new RegExp(`[^a-z0-9_.]${all}[^a-z0-9_.]`).test(scripts)).toBe(true);
});
