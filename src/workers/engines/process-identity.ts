/** Which process an id belongs to. Ids are used again, so an id alone proves nothing. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { childEnvironment } from "./machine.js";

/** Whether a process with this id exists. A zombie does not count: it holds no files and no ports. */
export function isAlive(pid: number): boolean {
  // 0 and negative ids address whole process groups.
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return fieldsAfterName(pid)?.[0] !== "Z";
}

/** Differs between two processes that had the same id. Undefined when the process is gone. */
export function startMark(pid: number): string | undefined {
  if (process.platform === "linux") return fieldsAfterName(pid)?.[19];
  return ask(pid, "lstart=");
}

/** The command line with its arguments. Undefined when the process is gone. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== "linux") return ask(pid, "command=");
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

/**
 * The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets. The state is the first, and
 * the start time is the twentieth (proc(5)).
 */
function fieldsAfterName(pid: number): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function ask(pid: number, field: string): string | undefined {
  try {
    return (
      execFileSync("ps", ["-o", field, "-p", String(pid)], {
        encoding: "utf8",
        env: childEnvironment(),
        stdio: ["ignore", "pipe", "ignore"],
      }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}
