/** Builds the service once for everybody who starts it. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
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
 * `npm run build`, when a source is newer than the last build. Processes that call it at the same time wait for one build.
 * @throws Error with the compiler's output
 */
export async function buildOnce(): Promise<void> {
  const root = repositoryRoot();
  const stamp = join(root, ".cache", "built");
  const lock = join(root, ".cache", "build.lock");
  mkdirSync(join(root, ".cache"), { recursive: true });
  while (!take(lock)) await new Promise((resolve) => setTimeout(resolve, 200));
  try {
    const sourcesAt = newest(join(root, "src"));
    if (existsSync(stamp) && existsSync(join(root, "dist/workers/main.js")) && statSync(stamp).mtimeMs >= sourcesAt) return;
    // Dated by the sources that went in: one saved during the build makes the next caller build again.
    await run("npm", ["run", "build"], { cwd: root, maxBuffer: 16 * 1024 * 1024 });
    writeFileSync(stamp, "");
    utimesSync(stamp, new Date(), new Date(sourcesAt));
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm run build failed: correct what it says.\n${stdout}${stderr}`, { cause: error });
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

function newest(directory: string): number {
  let time = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return Math.ceil(time);
}
