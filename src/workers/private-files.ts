/**
 * Files and directories that only this user may read: 0600 and 0700, whatever the umask was and whichever program makes
 * them. Other accounts of the machine must not be able to read a backup of the database, a log or the key file.
 */
import { chmodSync, type Dirent, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const OWNER_ONLY = 0o077;
/** Set on directories that everybody writes to, such as /tmp. */
const STICKY = 0o1000;

/** From here on every file that this process or a child of it makes is for this user alone. */
export function keepFilesPrivate(): void {
  process.umask(OWNER_ONLY);
}

/** Runs the synchronous work, such as the start of a child, under that umask. The child keeps it. */
export function withPrivateFiles<T>(work: () => T): T {
  const before = process.umask(OWNER_ONLY);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

/**
 * Makes the directory, and those above it that are missing, for this user alone. One that is there keeps its rights.
 */
export function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/**
 * Takes group's and others' rights from everything below the directory, and from itself. Left alone are links, what
 * belongs to another user, and a directory that everybody writes to. Gives the paths that were open before.
 */
export function narrowDirectory(directory: string): string[] {
  const top = statOf(directory);
  if (!top?.isDirectory() || (top.mode & STICKY) !== 0 || !isOurs(top.uid)) return [];
  const narrowed = narrow(directory, top.mode);
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) narrowed.push(...narrowDirectory(path));
    else if (entry.isFile()) narrowed.push(...narrowFile(path));
  }
  return narrowed;
}

/** The same for one file. A device, a pipe or a file of another user is left alone. */
export function narrowFile(path: string): string[] {
  const found = statOf(path);
  return found?.isFile() && isOurs(found.uid) ? narrow(path, found.mode) : [];
}

/**
 * A log and the older ones that were rotated beside it by any program: `sealpost.log.1`, `sealpost.log-20260101.gz`.
 */
export function narrowLog(file: string): string[] {
  const name = basename(file);
  const rotated = entriesOf(dirname(file)).filter(
    (entry) =>
      entry.isFile() &&
      entry.name !== name &&
      /^[.-]/.test(entry.name.slice(name.length)) &&
      entry.name.startsWith(name),
  );
  // The log itself may be a link to where it really lies.
  return [...narrowTarget(file), ...rotated.flatMap((entry) => narrowFile(join(dirname(file), entry.name)))];
}

function narrowTarget(file: string): string[] {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() && isOurs(found.uid) ? narrow(file, found.mode) : [];
}

function narrow(path: string, mode: number): string[] {
  if ((mode & OWNER_ONLY) === 0) return [];
  try {
    chmodSync(path, mode & 0o700);
    return [path];
  } catch {
    // It is gone, or on a file system that knows no rights or cannot be changed.
    return [];
  }
}

const isOurs = (uid: number): boolean => process.getuid === undefined || uid === process.getuid();

/**
 * Undefined when the file is gone, because an engine removes files of its own while the directory is walked. Undefined
 * too when it cannot be examined. The code that needs the file reports that in a sentence of its own.
 */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
