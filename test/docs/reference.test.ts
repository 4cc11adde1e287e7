/**
 * The pages of docs/reference are as the code has them, and what is written by hand on them names only what is there.
 */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { REFERENCE, withSections } from "../../src/workers/reference/index.js";
import { markdownTable } from "../../src/workers/reference/markdown.js";

const folder = new URL("../../docs/reference/", import.meta.url);
const read = (page: string) => readFileSync(new URL(page, folder), "utf8");

describe("docs/reference", () => {
  it.each(Object.keys(REFERENCE))("%s is as the code has it", (page) => {
    expect(read(page), "run: npm run docs:reference").toBe(withSections(page, read(page)));
  });

  it("has no other page and no section that nothing makes", () => {
    const pages = readdirSync(folder).filter((name) => name !== "README.md");
    expect(pages.sort()).toEqual(Object.keys(REFERENCE).sort());
    for (const page of pages) {
      const sections = [...read(page).matchAll(/<!-- ([a-z ]+): begin/g)].map(([, name]) => name);
      expect(sections.sort(), page).toEqual(Object.keys(REFERENCE[page] ?? {}).sort());
    }
  });

  it("has every section filled", () => {
    for (const [page, sections] of Object.entries(REFERENCE)) {
      for (const [name, section] of Object.entries(sections))
        expect(section().trim().length, `${page}, ${name}`).toBeGreaterThan(40);
    }
  });
});

describe("the tables", () => {
  it("keep a cell in its cell", () => {
    expect(markdownTable(["a", "b"], [["1|2", "one\n  line"]])).toBe(
      "| a | b |\n| --- | --- |\n| 1\\|2 | one line |\n",
    );
  });

  it("refuse a page that lost a section", () => {
    expect(() => withSections("metrics.md", "# Metrics\n")).toThrow(
      'docs/reference/metrics.md has no place for "metrics".',
    );
  });

  it("hold what callers look up", () => {
    expect(read("settings.md")).toContain("| `SEALPOST_MASTER_KEYS` (or `SEALPOST_MASTER_KEYS_FILE`) |");
    expect(read("problems.md")).toContain("| `erased` | 410 |");
    expect(read("roles-and-acts.md")).toContain("| `codec:decode` | yes |  |  | yes |  |");
    expect(read("roles-and-acts.md")).toContain("| `keys:read` | `GET /v1/api-keys` |");
    expect(read("statuses-and-outcomes.md")).toContain("| `http_410` | Gone (410) | `disable` |");
    expect(read("statuses-and-outcomes.md")).toContain("| 11 | 24 h |");
    expect(read("metrics.md")).toContain("| `sealpost_own_failures_total` | counter | `part` |");
    expect(read("http-headers.md")).toMatch(/\| `webhook-id` \| always \|/);
    expect(read("http-headers.md")).toMatch(/\| `If-Match` \| The `ETag` that/);
  });
});
