// Programs that the scripts run, and the program that runs the scripts: none of them outlives the others.
import { spawn } from "node:child_process";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const LOOK_EVERY_MS = 250;

/**
 * Runs a program to its end and gives its exit code. A signal to this process ends the program first and this process
 * then, by the same signal. After a plain exit npm would go on with the next script. If this process is killed, a shell
 * ends the program.
 */
export async function runToEnd(command, args, options = {}) {
  let received;
  let child;
  const forward = (signal) => {
    received = signal;
    child?.kill("SIGTERM");
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  child = spawn(command, args, { stdio: "inherit", ...options });
  const watcher = child.pid === undefined ? undefined : watch(child.pid);
  const status = await new Promise((resolve) => {
    child.once("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.once("exit", (code) => resolve(code ?? 1));
  });
  watcher?.kill("SIGKILL");
  for (const signal of SIGNALS) process.off(signal, forward);
  if (received !== undefined) {
    process.kill(process.pid, received);
    // As process 1 of a container nothing ends by a signal that it does not handle.
    process.exit(1);
  }
  return status;
}

/** A shell whose standard input closes when this process ends, however it ends. */
function watch(pid) {
  const watcher = spawn("/bin/sh", ["-c", 'read -r _; kill -TERM "$0"', String(pid)], {
    detached: true,
    env: { PATH: process.env.PATH },
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => undefined);
  watcher.stdin.on("error", () => undefined);
  return watcher;
}

/**
 * Sends SIGTERM to this process when npm, which started it, has ended. npm forwards SIGTERM and SIGINT by itself, but
 * it can be killed, and it dies of SIGHUP. A process that was started by hand may outlive its parent: nothing is
 * watched then.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    process.kill(process.pid, "SIGTERM");
  }, LOOK_EVERY_MS);
  look.unref();
}
