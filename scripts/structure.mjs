// Holds what ESLint has no rule for:
// - No file of src/ or web/ imports itself in a circle, types included, and no file of test/ or bench/ by value.
//   ESLint's rule for circles took a fifth of the linter's time.
// - No folder has too many files.
// - No line is too long.
// - An exported name means one thing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const MOST_FILES = 20;
const MOST_COLUMNS = 120;

const filesOf = (root) =>
  existsSync(root)
    ? readdirSync(root, { recursive: true })
        .filter((file) => /\.(tsx?|mjs|css)$/.test(file) && !file.endsWith(".d.ts"))
        .map((file) => path.join(root, file))
        .sort()
    : [];
const isCode = (file) => /\.tsx?$/.test(file);
const SOURCES = ["src", "web/src"];
const sources = SOURCES.flatMap(filesOf).filter(isCode);
const importing = new Set([...sources, ...["test", "bench"].flatMap(filesOf).filter(isCode)]);
const faults = [];

/** The files of the repository that this one imports: by value, and in src/ and web/ by type, too. */
function importsOf(file) {
  const text = readFileSync(file, "utf8");
  return ts
    .preProcessFile(sources.includes(file) ? text : text.replaceAll(/^import type [^;]*;/gm, ""), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .flatMap((name) => {
      const target = path.join(path.dirname(file), name);
      return [target.replace(/\.js$/, ".ts"), target.replace(/\.js$/, ".tsx")];
    })
    .filter((target) => importing.has(target));
}

/** Tells of each circle once: a depth-first search that meets a file which is still open. */
function findCircles() {
  const imports = new Map([...importing].map((file) => [file, importsOf(file)]));
  const done = new Set();
  const open = [];
  const visit = (file) => {
    if (open.includes(file)) return faults.push(`circle: ${[...open.slice(open.indexOf(file)), file].join(" -> ")}`);
    if (done.has(file)) return;
    open.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    open.pop();
    done.add(file);
  };
  importing.forEach((file) => visit(file));
}

function findHalls() {
  const folders = Map.groupBy ? Map.groupBy(sources, path.dirname) : new Map();
  if (!Map.groupBy)
    for (const file of sources) folders.set(path.dirname(file), [...(folders.get(path.dirname(file)) ?? []), file]);
  for (const [folder, files] of folders) {
    if (files.length > MOST_FILES)
      faults.push(`${folder} has ${files.length} files, ${MOST_FILES} are the most: make a folder for a feature.`);
  }
}

/** Regular expressions and addresses cannot be broken. Everything else can, comments too. */
const isUnbreakable = (line) =>
  !/\S\s+\S/.test(line.trim().replace(/^(\/\/|\*)\s+/, "")) || /^\s*\/(?![*/]).*\/[a-z]*[,;]?$/.test(line);

function findLongLines() {
  for (const file of ["src", "test", "bench", "scripts", "web"].flatMap(filesOf)) {
    readFileSync(file, "utf8")
      .split("\n")
      .forEach((line, index) => {
        if (line.length > MOST_COLUMNS && !isUnbreakable(line))
          faults.push(`${file}:${index + 1} has ${line.length} columns, ${MOST_COLUMNS} are the most.`);
      });
  }
}

/** The names that a statement declares for outside. What is exported from another file is no declaration. */
function exportedNames(statement) {
  if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
  return declared.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []));
}

/** An exported name that two files declare has two meanings: the reader cannot know which one a sentence speaks of. */
function findSharedNames(root) {
  const declaring = new Map();
  for (const file of filesOf(root).filter(isCode)) {
    const { statements } = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
    for (const name of new Set(statements.flatMap(exportedNames)))
      declaring.set(name, [...(declaring.get(name) ?? []), file]);
  }
  for (const [name, files] of declaring)
    if (files.length > 1) faults.push(`${name} is declared for outside in ${files.join(" and ")}: rename all but one.`);
}

findCircles();
// What the pages call a delivery and what the service does are two worlds: they share no import.
SOURCES.forEach(findSharedNames);
findHalls();
findLongLines();
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`structure: ${importing.size} files without a circle.`);
