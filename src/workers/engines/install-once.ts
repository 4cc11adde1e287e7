/** Puts a program into the machine-wide cache so that several processes may do it at once. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isExecutable } from "./machine.js";

/**
 * The cached program, else what `make` leaves in a directory of its own: its last step is a rename, so a reader sees a whole
 * program or none, and of two processes that make it the later one replaces the same by the same.
 * @param make gives the file it made below the directory, or a reason
 */
export async function installOnce(target: string, make: (directory: string) => Promise<{ file: string } | { reason: string }>): Promise<{ cached: boolean } | { reason: string }> {
  if (isExecutable(target)) return { cached: true };
  let directory: string | undefined;
  try {
    mkdirSync(dirname(target), { recursive: true });
    directory = mkdtempSync(join(dirname(target), ".making-"));
    const made = await make(directory);
    if ("reason" in made) return made;
    if (!isExecutable(made.file)) return { reason: "it gave no executable" };
    renameSync(made.file, target);
    return { cached: false };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    if (directory) rmSync(directory, { recursive: true, force: true });
  }
}
