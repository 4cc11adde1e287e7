// Prints the test files below the given folders that reach a database: they, or a module of the tests that they import, name its address or start one.
// The others show the same on every database, and need no second run.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const REACHES = /\bmongodbUrl\b|\bstart(OwnEngine|SecantusDb|FailPointEngine|Mongodb)\b|"SEALPOST_TEST_DATABASE"/;
const IMPORTS = /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)\.js"/g;

/** Each file of the tests: whether it reaches a database itself, and what it imports of them. */
const files = new Map();
function read(file) {
  if (files.has(file) || !existsSync(file)) return;
  const text = readFileSync(file, "utf8");
  const imported = [...text.matchAll(IMPORTS)]
    .map(([, path]) => `${join(dirname(file), path)}.ts`)
    .filter((path) => !relative("test", path).startsWith(".."));
  files.set(file, { reaches: REACHES.test(text), imported });
  imported.forEach(read);
}

function reaches(file, seen = new Set()) {
  const { reaches: itself, imported } = files.get(file) ?? { reaches: false, imported: [] };
  if (itself) return true;
  seen.add(file);
  return imported.some((path) => !seen.has(path) && reaches(path, seen));
}

const tests = process.argv.slice(2).flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name)),
);
tests.forEach(read);
const stored = tests.filter((file) => reaches(file)).sort();
if (stored.length === 0) throw new Error(`No test below ${process.argv.slice(2).join(", ")} reaches a database.`);
console.log(stored.join("\n"));
