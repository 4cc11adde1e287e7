// Holds that tests mirror the source. Each file of src/ with logic has test/<same path>.test.ts, and each of web/src/
// has test/web/<same path>.test.ts. A file without one stands in scripts/tests-elsewhere.json with the tests that drive
// it. There:
// - `sources` are files, or folders without their sub-folders, which end with `/`.
// - `through` says how the tests drive them.
// - With `process` the tests start them as a process, so that no import leads there.
// - With `parts` no test drives the file itself, which is a few lines around these parts. The tests reach the parts.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const filesOf = (root) =>
  readdirSync(root, { recursive: true })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
    .map((file) => path.join(root, file))
    .sort();
const sources = [...filesOf("src"), ...filesOf("web/src")];
const known = new Set([...sources, ...filesOf("test")]);
const faults = [];
const elsewhere = JSON.parse(readFileSync("scripts/tests-elsewhere.json", "utf8"));

const testOf = (source) =>
  source.replace(/^(?:src|(web)\/src)\//, (_all, web) => (web ? "test/web/" : "test/")).replace(/\.tsx?$/, ".test.ts");

/** Types, imports and names that are passed on need no test. */
function hasLogic(source) {
  const { statements } = ts.createSourceFile(source, readFileSync(source, "utf8"), ts.ScriptTarget.Latest);
  return statements.some(
    (statement) =>
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement) &&
      !ts.isImportDeclaration(statement) &&
      !ts.isExportDeclaration(statement),
  );
}

/** Code that is loaded by its path and not by an import: threads, and what the bundler of the workflows takes. */
function loadedByPath(file, text) {
  const threads = [...text.matchAll(/threadFile\("([\w-]+)"/g)].map(([, name]) => `./${name}`);
  const bundled = [...text.matchAll(/`(\.\.\/workflows\/[\w-]+)\.\$/g)].map(([, name]) => name);
  const built = text.includes('"dist/workflow-bundle.js"') ? ["src/workflows/index.ts"] : [];
  return [...[...threads, ...bundled].map((name) => path.join(path.dirname(file), `${name}.ts`)), ...built];
}

const neighbours = new Map();
function importsOf(file) {
  const found = neighbours.get(file);
  if (found) return found;
  const text = readFileSync(file, "utf8");
  const imported = ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .flatMap((name) => {
      const target = path.join(path.dirname(file), name);
      return [target.replace(/\.js$/, ".ts"), target.replace(/\.js$/, ".tsx")];
    });
  const targets = [...imported, ...loadedByPath(file, text)].filter((target) => known.has(target));
  neighbours.set(file, targets);
  return targets;
}

/** All files that a test reaches through its imports, itself included. */
function reachedFrom(test) {
  const reached = new Set([test]);
  for (const file of reached) for (const target of importsOf(file)) reached.add(target);
  return reached;
}

const startsProcesses = (files) =>
  [...files].some((file) => file.startsWith("test/") && /\b(spawn|fork|execFile)\b/.test(readFileSync(file, "utf8")));

/** The files that an entry speaks of: of a folder, those without a test by their own path and without an own entry. */
function coveredBy({ sources: named }, byName, needy) {
  return named.flatMap((name) =>
    name.endsWith("/") ? needy.filter((source) => `${path.dirname(source)}/` === name && !byName.has(source)) : [name],
  );
}

function checkEntry(entry, covered) {
  if (covered.length === 0) faults.push(`${entry.sources.join(", ")}: no file needs this entry any more. Remove it.`);
  const missing = entry.tests.filter((test) => !existsSync(test));
  for (const test of missing) faults.push(`${test} is not there, but ${entry.sources.join(", ")} names it.`);
  if (missing.length > 0) return;
  const reached = entry.tests.map(reachedFrom);
  if (entry.process) {
    if (!reached.some(startsProcesses)) faults.push(`${entry.tests.join(", ")}: none of them starts a process.`);
    return;
  }
  for (const source of entry.parts ?? covered)
    if (!reached.some((files) => files.has(source)))
      faults.push(`${source} is not reached from ${entry.tests.join(", ")}.`);
  entry.tests.forEach((test, index) => {
    if (!(entry.parts ?? covered).some((source) => reached[index].has(source)))
      faults.push(`${test} reaches nothing of ${entry.sources.join(", ")}.`);
  });
}

const needy = sources.filter((source) => hasLogic(source) && !existsSync(testOf(source)));
const byName = new Map();
for (const entry of elsewhere)
  for (const name of entry.sources.filter((each) => !each.endsWith("/"))) {
    if (!existsSync(name)) faults.push(`${name} is not there, but scripts/tests-elsewhere.json names it.`);
    else if (!needy.includes(name)) faults.push(`${name} needs no entry: it has a test of its own, or only types.`);
    if (byName.has(name)) faults.push(`${name} stands twice in scripts/tests-elsewhere.json.`);
    byName.set(name, entry);
  }
const covered = new Set();
for (const entry of elsewhere) {
  const files = coveredBy(entry, byName, needy);
  for (const file of files) covered.add(file);
  checkEntry(entry, files);
}
for (const source of needy)
  if (!covered.has(source))
    faults.push(`${source} has no test: write ${testOf(source)}, or name the one that drives it.`);

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(
  `mirror: ${sources.filter((source) => existsSync(testOf(source))).length} files have a test by path, ` +
    `${covered.size} are driven by another one.`,
);
