// Lets a worker thread run the sources as they are (node --import): tests start threads of their own, and Node 20 reads
// no TypeScript.
// What was compiled once is kept below .cache/, by its content: to load the compiler alone takes a thread 0.5 s of CPU.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { fileURLToPath } from "node:url";

// The hooks run in a thread of their own, which loads this file a second time.
const HOOKS = "?hooks";
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS);

const require = createRequire(import.meta.url);
const kept = fileURLToPath(new URL("../.cache/typescript-sources/", import.meta.url));
/** Another version of the compiler, or of this file, compiles anew. */
const maker = () =>
  [
    require("typescript/package.json").version,
    readFileSync(fileURLToPath(import.meta.url.replace(HOOKS, "")), "utf8"),
  ].join("\n");
let made;

/** Imports name `.js` files, as Node wants them. In the sources those are `.ts` files. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL?.endsWith(".ts")) {
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  return { format: "module", source: compiled(readFileSync(fileURLToPath(url), "utf8")), shortCircuit: true };
}

function compiled(text) {
  made ??= maker();
  const file = `${kept}${createHash("sha256").update(made).update("\0").update(text).digest("hex")}.js`;
  if (existsSync(file)) return readFileSync(file, "utf8");
  const ts = require("typescript");
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  });
  // Made aside and renamed: another thread sees a whole file or none.
  mkdirSync(kept, { recursive: true });
  const making = `${file}.${randomBytes(4).toString("hex")}`;
  writeFileSync(making, outputText);
  renameSync(making, file);
  return outputText;
}
