/**
 * The page docs/explanation/security.md names the test that holds each promise. The files must be there, and what is
 * named of a file must stand in it.
 */
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
/** Shorter pieces of a title tell nothing. */
const LEAST_CHARACTERS = 6;

/** Files with this path, or with this name wherever they are. */
const filesOf = (name: string): string[] =>
  tests.filter((file) => (name.includes("/") ? file === name : basename(file) === name));
const textOf = (file: string): string =>
  readFileSync(new URL(file, root), "utf8").replaceAll(/\s+/g, " ").toLowerCase();

/** What a row says of a file behind a colon: pieces of the titles of its tests, with gaps between them. */
function piecesIn(row: string): { name: string; piece: string }[] {
  const found = row.matchAll(/([\w./-]+\.test\.ts): ([^;|]*(?:; (?![\w./-]+\.test\.ts|`npm)[^;|]*)*)/g);
  return [...found].flatMap(([, name = "", titles = ""]) =>
    titles
      .replaceAll(/\([^)]*\)/g, "…")
      .replaceAll(/, (?:and )?(?:test\/)?[\w./-]+\.test\.ts.*$/g, "")
      .split(/[",…;]/)
      .map((piece) =>
        piece
          .trim()
          .replace(/^and |\.$/g, "")
          .toLowerCase(),
      )
      .filter((piece) => piece.length >= LEAST_CHARACTERS)
      .map((piece) => ({ name, piece })),
  );
}

it("has rows", () => {
  expect(named.length).toBeGreaterThan(50);
  expect(piecesIn(page).length).toBeGreaterThan(150);
});

it.each(named)("%s is there", (name) => {
  expect(filesOf(name)).not.toEqual([]);
});

it("what is named of a test's file stands in it", () => {
  const missing = piecesIn(page).filter(
    ({ name, piece }) => !filesOf(name).some((file) => textOf(file).includes(piece)),
  );
  expect(missing.map(({ name, piece }) => `${name}: ${piece}`)).toEqual([]);
});

it("the check finds a title that is in no file", () => {
  expect(piecesIn('| a | b | x.test.ts: "one two …", three (7 cases); test/y.test.ts |')).toEqual(
    [
      { name: "x.test.ts", piece: "one two" },
      { name: "x.test.ts", piece: "three" },
    ].filter(({ piece }) => piece.length >= LEAST_CHARACTERS),
  );
});
