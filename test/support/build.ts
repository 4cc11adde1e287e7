/** Builds the service once for everybody who starts it. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isRunning } from "./process.js";

const run = promisify(execFile);

/** The directory with package.json, whether this runs from the sources or compiled from below `.cache`. */
export function repositoryRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "package-lock.json"))) directory = dirname(directory);
  return directory;
}

/**
 * Builds, when a source is newer than the last build. Processes that call it at the same time wait for one build.
 * @throws Error with the compiler's output
 */
export async function buildOnce(): Promise<void> {
  const root = repositoryRoot();
  const lock = join(root, ".cache", "build.lock");
  mkdirSync(join(root, ".cache"), { recursive: true });
  while (!take(lock)) await new Promise((resolve) => setTimeout(resolve, 200));
  try {
    await run(process.execPath, [join(root, "scripts/build.mjs"), "--if-changed"], {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`The build failed: correct what it says.\n${stdout}${stderr}`, { cause: error });
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    // A holder that was killed leaves its lock behind.
    const holder = Number(existsSync(lock) ? readFileSync(lock, "utf8") || process.pid : process.pid);
    if (!isRunning(holder)) rmSync(lock, { force: true });
    return false;
  }
}
