/** Files that a setting or an argument names. What is wrong with one is said in words, and nothing of what it holds. */
import { closeSync, lstatSync, openSync, readFileSync, readSync } from "node:fs";

export type NamedFile =
  | { ok: true; bytes: Buffer }
  /** `fault` goes on after "… names this path, which": it says of what kind the path is, and what to do. */
  | { ok: false; isMissing: boolean; fault: string };

/** Reads the whole file. It never throws. */
export const readNamedFile = (path: string): NamedFile => attempted(path, () => readFileSync(path));

/** The fault of a file that is read later on, piece by piece. Undefined if it can be read. */
export function faultOfFile(path: string): string | undefined {
  const found = attempted(path, () => {
    const file = openSync(path, "r");
    try {
      // A directory can be opened, but not read.
      return Buffer.alloc(readSync(file, Buffer.alloc(1)));
    } finally {
      closeSync(file);
    }
  });
  return found.ok ? undefined : found.fault;
}

function attempted(path: string, read: () => Buffer): NamedFile {
  try {
    return { ok: true, bytes: read() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const isMissing = code === "ENOENT" && !isLink(path);
    return { ok: false, isMissing, fault: `cannot be read (${code}): ${kindOf(code, isMissing)}` };
  }
}

function kindOf(code: string, isMissing: boolean): string {
  if (code === "ENOENT")
    return isMissing
      ? "there is no such file. Correct the path."
      : "it is a link to a file that is not there. Correct the link.";
  return KINDS[code] ?? "correct the path or its permissions.";
}

const NO_RIGHT = "this user may not read it. Change its rights, or those of a directory above it.";
const KINDS: Readonly<Record<string, string>> = {
  EISDIR: "it is a directory. Name a file.",
  ENOTDIR: "a part of its path is a file and no directory. Correct the path.",
  ELOOP: "it is a link that leads back to itself. Correct the link.",
  ENXIO: "it is no file, but a socket or a device. Name a file.",
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
};

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
