/** The budgets of the pages in compressed bytes, as a browser loads them: what a phone on a poor line waits for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { buildOnce, repositoryRoot } from "../support/build.js";

const KB = 1_024;
const FIRST_LOAD_BYTES = 220 * KB;
const FURTHER_BYTES = 60 * KB;
const portal = join(repositoryRoot(), "dist", "portal");

let page: string;
/** Compressed bytes by file name. */
const sizes = new Map<string, number>();
beforeAll(async () => {
  await buildOnce();
  page = readFileSync(join(portal, "index.html"), "utf8");
  for (const name of readdirSync(join(portal, "assets")).filter((each) => /\.(js|css)$/.test(each)))
    sizes.set(name, readFileSync(join(portal, "assets", `${name}.br`)).length);
});
const isFirst = (name: string): boolean => page.includes(`/portal/assets/${name}`);

test("the first load has at most 220 KB of scripts and styles", () => {
  const first = [...sizes].filter(([name]) => isFirst(name));
  const bytes = first.reduce((sum, [, size]) => sum + size, 0);
  process.stdout.write(`The portal's first load: ${(bytes / KB).toFixed(1)} KB in ${first.length} files (brotli).\n`);
  expect(first.length).toBeGreaterThanOrEqual(2);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
});

test("no further part has more than 60 KB", () => {
  expect([...sizes].filter(([name, size]) => !isFirst(name) && size > FURTHER_BYTES)).toEqual([]);
});

test("the page holds no script and no style of its own, which its policy would stop", () => {
  expect(page).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=/);
  expect(page).toContain('id="react-aria-pressable-style"');
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g))
    expect(address).toMatch(/^\/(portal\/assets|favicon\.svg|docs)/);
});
