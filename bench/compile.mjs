import { spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tscPath } from "../scripts/tsc.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * Compiles bench/ into .cache/bench (incremental) and runs one module of it with this process's arguments and signals.
 */
export function runCompiled(module) {
  const compiled = spawnSync(process.execPath, [tscPath, "-p", join(root, "bench/tsconfig.json")], {
    stdio: "inherit",
  });
  if (compiled.status !== 0) process.exit(1);
  const child = spawn(process.execPath, [join(root, ".cache/bench", module), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // The child cleans up. This process only waits for it. Ctrl-C reaches both, a SIGTERM is passed on.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code) => process.exit(code ?? 1));
}
