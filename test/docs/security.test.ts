/** docs/explanation/security.md names the test that holds each promise: the files must be there. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const tests = execFileSync("git", ["ls-files", "test"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => file.endsWith(".test.ts"));
const page = readFileSync(new URL("docs/explanation/security.md", root), "utf8");
const named = [...new Set(page.match(/(?:test\/[\w./-]+\/)?[\w-]+\.test\.ts/g))];

it("has rows", () => {
  expect(named.length).toBeGreaterThan(50);
});

it.each(named)("%s is there", (name) => {
  expect(tests.filter((file) => (name.includes("/") ? file === name : basename(file) === name))).not.toEqual([]);
});
