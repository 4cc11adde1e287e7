/** A file system of its own for a run, so that it can be full while the machine's is not. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface Disk {
  /** Where the run's data goes. */
  readonly directory: string;
  /** Writes until there is no room. */
  fill(): void;
  /** Gives the room back. */
  free(): void;
  unmount(): void;
}

const SIZE = "1g";

/** Mounts one below `parent`. Undefined when this user may not, as it needs root. */
export function mountDisk(parent: string): Disk | undefined {
  const directory = join(parent, "disk");
  const filling = join(directory, "filling");
  mkdirSync(directory);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", directory]).status !== 0) return undefined;
  return {
    directory,
    fill: () => fillWith(filling),
    free: () => rmSync(filling, { force: true }),
    // Lazily: a process that was killed may still be ending.
    unmount: () => void spawnSync("umount", ["-l", directory]),
  };
}

/** Large blocks first, and then what is left byte by byte. */
function fillWith(path: string): void {
  const file = openSync(path, "a");
  try {
    for (const size of [1024 * 1024, 4_096]) {
      const block = Buffer.alloc(size, 1);
      while (statfsSync(path).bavail * statfsSync(path).bsize >= size) if (writeSync(file, block) < size) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}
