/** Puts a program into the machine-wide cache so that several processes may do it at once. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "./engine-error.js";
import { isExecutable } from "./machine.js";

/**
 * The cached program, else what `make` leaves in a directory of its own. The last step is a rename, so a reader sees a
 * whole program or none. If two processes make it, the later one replaces the same by the same.
 * @param make gives the file it made below the directory, or a reason
 * @throws EngineError cache_dir_unwritable when nothing can be kept there
 */
export async function installOnce(
  target: string,
  make: (directory: string) => Promise<{ file: string } | { reason: string }>,
): Promise<{ cached: boolean } | { reason: string }> {
  if (isExecutable(target)) return { cached: true };
  const directory = makeDirectoryIn(dirname(target));
  try {
    const made = await make(directory);
    if ("reason" in made) return made;
    if (!isExecutable(made.file)) return { reason: "it gave no executable" };
    renameSync(made.file, target);
    return { cached: false };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeDirectoryIn(cacheDir: string): string {
  try {
    mkdirSync(cacheDir, { recursive: true });
    return mkdtempSync(join(cacheDir, ".making-"));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "error";
    throw new EngineError(
      "cache_dir_unwritable",
      `The cache directory ${cacheDir}, where the programs of the embedded engines are kept, cannot ` +
        `be written (${reason}): set SEALPOST_CACHE_DIR to a directory that this user may write.`,
    );
  }
}
