/** docs/README.md is the map: from it every page is reached by links. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";

const root = repositoryRoot();
const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md")).map((file) => join("docs", file));

/** Pages of docs/ that a page links to. */
const linked = (page: string): string[] =>
  [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g)].map(([, link = ""]) => normalize(join(dirname(page), link)))
    .filter((target) => target.startsWith("docs/") && existsSync(join(root, target)) && statSync(join(root, target)).isFile());

it("every page of docs/ is on the map, or on the list of its folder", () => {
  // A page alone does not lead on: whoever looks for something looks into the lists.
  const lists = ["docs/README.md", ...pages.filter((page) => page.endsWith("/README.md") && page !== "docs/README.md")];
  const reached = new Set(["docs/README.md", ...lists.flatMap(linked)]);
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});
