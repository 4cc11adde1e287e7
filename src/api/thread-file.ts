/**
 * Where the code of a thread lies: `.js` in dist/, `.ts` where tests run from the sources, which a thread reads only
 * with help.
 */
import { fileURLToPath } from "node:url";

const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const execArgv =
  EXTENSION === "ts" ? ["--import", new URL("../../scripts/typescript-sources.mjs", import.meta.url).href] : [];

/**
 * Piscina's options for the file of this name, without its extension, beside the module whose `import.meta.url` is
 * given.
 */
export const threadFile = (name: string, beside: string): { filename: string; execArgv: string[] } => ({
  filename: fileURLToPath(new URL(`./${name}.${EXTENSION}`, beside)),
  execArgv,
});
