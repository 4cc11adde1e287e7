/** docs/README.md is the map: from it every page is reached by links. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";

const root = repositoryRoot();
const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => join("docs", file));

/** Pages of docs/ that a page links to. */
const linked = (page: string): string[] =>
  [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g)]
    .map(([, link = ""]) => normalize(join(dirname(page), link)))
    .filter(
      (target) => target.startsWith("docs/") && existsSync(join(root, target)) && statSync(join(root, target)).isFile(),
    );

it("every page of docs/ is on the map, or on the list of its folder", () => {
  // A page alone does not lead on: whoever looks for something looks into the lists.
  const lists = ["docs/README.md", ...pages.filter((page) => page.endsWith("/README.md") && page !== "docs/README.md")];
  const reached = new Set(["docs/README.md", ...lists.flatMap(linked)]);
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

it("every file of the repository that a page names is there", () => {
  const named = ["README.md", "SECURITY.md", "CONTRIBUTING.md", ...pages].flatMap((page) =>
    [
      ...readFileSync(join(root, page), "utf8").matchAll(
        /(?<![\w./-])(?:src|test|bench|scripts|deploy)\/[\w./-]+\.\w+/g,
      ),
    ].map(([file]) => ({ page, file })),
  );
  expect(named.length).toBeGreaterThan(100);
  // The rule "src/x/y.ts has test/x/y.test.ts" names no file. What `deploy/make-secrets.sh` makes is there once it
  // was run.
  const meant = named.filter(({ file }) => !/\/x\/y\./.test(file) && !file.startsWith("deploy/secrets/"));
  expect(meant.filter(({ file }) => !existsSync(join(root, file)))).toEqual([]);
});
