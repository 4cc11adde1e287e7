// Lets a worker thread run the sources as they are (node --import): tests start threads of their own, and Node 20 reads no TypeScript.
import { existsSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import ts from "typescript";

// The hooks run in a thread of their own, which loads this file a second time.
const HOOKS = "?hooks";
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS);

/** Imports name `.js` files, as Node wants them; in the sources those are `.ts` files. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL?.endsWith(".ts")) {
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(url), "utf8"), { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true } });
  return { format: "module", source: outputText, shortCircuit: true };
}
