/** Child processes end when this process is gone, however it went. */
import { type ChildProcess, spawn } from "node:child_process";
import { childEnvironment } from "./machine.js";

/** Of the process alone, or of every process of the group that it leads. */
export type Watched = "process" | "group";

/**
 * A shell that ends the child when its own standard input closes, which happens when this process is gone. Without a
 * shell an engine is found and stopped at the next start. The caller kills the shell when the child has ended.
 */
export function watch(pid: number, watched: Watched): ChildProcess {
  const script = 'read -r _; kill -TERM "$0" && sleep 5 && kill -KILL "$0"';
  const watcher = spawn("/bin/sh", ["-c", script, watched === "group" ? `-${pid}` : String(pid)], {
    detached: true,
    env: childEnvironment(),
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => undefined);
  watcher.stdin.on("error", () => undefined);
  return watcher;
}
